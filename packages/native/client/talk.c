#include "talk.h"
#include "../src/standby.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

// What a user or a supervisor sends to a command.
static const int forwarded[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
                                SIGUSR2, SIGALRM, SIGCONT, SIGTSTP, SIGWINCH};
enum { FORWARDED = sizeof forwarded / sizeof *forwarded };

static int connection = -1, last_signal;
static pid_t peer;

// Of standard input, output and error, as they were when we were started.
static struct {
  int flags, is_terminal;
  struct termios modes;
} standard[3];

static int in_background(int terminal) {
  pid_t group = tcgetpgrp(terminal);
  return group != -1 && group != getpgrp();
}

// 0: one is closed, or of a terminal that would stop us when we read; the terminal does not know the standby.
static int keep_standard(void) {
  for (int fd = 0; fd < 3; fd++) {
    if ((standard[fd].flags = fcntl(fd, F_GETFL)) == -1 || in_background(fd)) return 0;
    standard[fd].is_terminal = tcgetattr(fd, &standard[fd].modes) == 0;
  }
  return 1;
}

// O_NONBLOCK belongs to everybody who has the file open, as a terminal's modes do. A process of Node puts its own back.
static void restore_standard(int with_modes) {
  for (int fd = 0; fd < 3; fd++) {
    int flags = fcntl(fd, F_GETFL);
    if (flags != -1 && (flags ^ standard[fd].flags) & O_NONBLOCK) fcntl(fd, F_SETFL, standard[fd].flags);
    if (with_modes && standard[fd].is_terminal && !in_background(fd)) tcsetattr(fd, TCSANOW, &standard[fd].modes);
  }
}

// `<(…)` of a shell, and what else is a name of a process's own.
static int is_own(const char *path) {
  static const char *const own[] = {"/dev/fd/", "/proc/self/", "/proc/thread-self/"};
  for (size_t k = 0; k < sizeof own / sizeof *own; k++)
    if (strncmp(path, own[k], strlen(own[k])) == 0) return 1;
  return 0;
}

static int names_own(int count, char **words) {
  for (int k = 0; k < count; k++)
    for (const char *at = words[k]; (at = strchr(at, '/')) != NULL; at++)
      if (is_own(at)) return 1;
  for (char **entry = environ; *entry; entry++) {
    const char *value = strchr(*entry, '=');
    if (value != NULL && is_own(value + 1)) return 1;
  }
  return 0;
}

static int is_ours(int fd) {
  struct ucred who;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &(socklen_t){sizeof who}) == -1 || who.uid != geteuid()) return 0;
  peer = who.pid;
  return 1;
}

// Nobody else can have put a socket there, or reach one.
static int is_private(const char *directory) {
  struct stat is;
  return lstat(directory, &is) == 0 && S_ISDIR(is.st_mode) && is.st_uid == geteuid() && (is.st_mode & 077) == 0;
}

// The standby of this slot that has just become ours, or -1: none, or somebody was first.
static int reach(const char *key, int slot) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct pollfd one = {.fd = fd, .events = POLLIN};
  char ready;
  if (fd == -1) return -1;
  snprintf(name.sun_path, sizeof name.sun_path, STANDBY_NAME, key, slot);
  if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0 && is_ours(fd) && poll(&one, 1, 200) == 1 &&
      recv(fd, &ready, 1, 0) == 1 && ready == STANDBY_READY && fcntl(fd, F_SETFL, 0) == 0)
    return fd;
  return close(fd), -1;
}

static char *append(char *at, const char *text) { return stpcpy(at, text) + 1; }

// All words, then all of the environment.
static char *pack(int count, char **words, uint32_t *length) {
  size_t bytes = 0;
  for (int k = 0; k < count; k++) bytes += strlen(words[k]) + 1;
  for (char **entry = environ; *entry; entry++) bytes += strlen(*entry) + 1;
  char *out = bytes > STANDBY_BYTES ? NULL : malloc(bytes + 1), *at = out;
  if (out == NULL) return NULL;
  for (int k = 0; k < count; k++) at = append(at, words[k]);
  for (char **entry = environ; *entry; entry++) at = append(at, *entry);
  *length = (uint32_t)bytes;
  return out;
}

static int send_all(const char *data, size_t length) {
  for (ssize_t sent; length > 0; data += sent, length -= (size_t)sent)
    if ((sent = send(connection, data, length, MSG_NOSIGNAL)) == -1) {
      if (errno != EINTR) return 0;
      sent = 0;
    }
  return 1;
}

static int send_request(standby_request request, const char *payload, int directory) {
  const int fds[STANDBY_FDS] = {0, 1, 2, directory};
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof fds)];
  } control = {0};
  struct iovec io = {&request, sizeof request};
  struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS, header->cmsg_len = CMSG_LEN(sizeof fds);
  memcpy(CMSG_DATA(header), fds, sizeof fds);
  return sendmsg(connection, &message, MSG_NOSIGNAL) == (ssize_t)sizeof request && send_all(payload, request.length);
}

static void forward(int signal_number) {
  int error = errno;
  // These end nobody.
  if (!strchr((const char[]){SIGCONT, SIGTSTP, SIGWINCH, 0}, signal_number)) last_signal = signal_number;
  unsigned char byte = (unsigned char)signal_number;
  // A stopped standby does not read.
  if (signal_number == SIGCONT) kill(peer, SIGCONT);
  else (void)!send(connection, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  errno = error;
}

// Signals that were ignored when we were started, as bits. nohup(1) means it, whatever the command does with hangups; a
// shell that ignores SIGINT for its background jobs does not.
static uint64_t listen_to_signals(void) {
  uint64_t ignored = 0;
  struct sigaction act = {.sa_handler = forward}, before;
  sigfillset(&act.sa_mask);
  for (int k = 0; k < FORWARDED; k++) {
    sigaction(forwarded[k], &act, &before);
    if (before.sa_handler == SIG_IGN) ignored |= 1ull << (forwarded[k] - 1);
    if (before.sa_handler == SIG_IGN && forwarded[k] == SIGHUP) signal(SIGHUP, SIG_IGN);
  }
  return ignored;
}

static void receive(void *into, size_t length) {
  for (ssize_t got; length > 0; into = (char *)into + got, length -= (size_t)got) {
    got = recv(connection, into, length, 0);
    if (got == -1 && errno == EINTR) got = 0;
    else if (got <= 0) break;
  }
  if (length == 0) return;
  restore_standard(1);
  // It ended without a word: by a signal that we passed on, as we would have.
  if (last_signal) {
    signal(last_signal, SIG_DFL);
    sigprocmask(SIG_SETMASK, &(sigset_t){0}, NULL);
    raise(last_signal);
    exit(128 + last_signal);
  }
  fputs(/* aborted */ "strata: the standby process ended before the command did (STANDBY_LOST)\n"
        "hint: 'strata check' tells what is left; STRATA_STANDBY=off runs commands without one\n", stderr);
  exit(125);
}

// Until its files are closed and its terminal is as it was: what comes after us may be an unmount, or a prompt.
static void see_off(void) {
  struct pollfd one = {.fd = (int)syscall(SYS_pidfd_open, peer, 0), .events = POLLIN};
  while (one.fd != -1 && poll(&one, 1, -1) == -1 && errno == EINTR) continue;
}

// As if we had never asked.
static void give_back(uint64_t ignored) {
  for (int k = 0; k < FORWARDED; k++) signal(forwarded[k], ignored >> (forwarded[k] - 1) & 1 ? SIG_IGN : SIG_DFL);
  close(connection);
  if (last_signal) raise(last_signal);
}

int ask(const char *key, int count, char **words) {
  standby_request request = {.words = (uint32_t)count};
  if (!is_private(STANDBY_DIRECTORY) || !keep_standard() || names_own(count, words)) return -1;
  for (int slot = 0; slot < STANDBY_SLOTS && connection == -1; slot++) connection = reach(key, slot);
  if (connection == -1) return -1;
  int directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  char *payload = pack(count, words, &request.length);
  if (directory == -1 || payload == NULL) return close(connection), -1;
  request.umask = umask(0), umask(request.umask);
  request.ignored = listen_to_signals();
  if (!send_request(request, payload, directory)) return give_back(request.ignored), -1;
  char answer;
  int status;
  for (receive(&answer, 1); answer == STANDBY_STOPPED; receive(&answer, 1)) raise(SIGSTOP);
  if (answer == STANDBY_REFUSED) return give_back(request.ignored), -1;
  receive(&status, sizeof status);
  if (answer == STANDBY_LEAVING) see_off();
  restore_standard(0);
  return status & 255;
}
