// The side of a standby process (docs/adr/0014): it waits without an event loop, takes over what the client has open, and
// gets the client's signals for as long as the command lasts.
#include "standby.h"
#include "call.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

CALL(dup2, "ii", dup2(INT(0), INT(1)))

// standbyListen(path): a socket of this name that listens to one client at a time.
BINDING(standbyListen) {
  ARGUMENTS("t");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (in.a[0].len >= sizeof address.sun_path) return fail(env, ENAMETOOLONG, "bind");
  memcpy(address.sun_path, TEXT(0), in.a[0].len);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd != -1 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 0) == 0)
    return number(env, fd);
  int error = errno;
  if (fd != -1) close(fd);
  return fail(env, error, "bind");
}

static int is_ours(int fd) {
  struct ucred who;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &(socklen_t){sizeof who}) == 0 && who.uid == geteuid();
}

static int receive_descriptors(int from, standby_request *request, int *fds) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(STANDBY_FDS * sizeof(int))];
  } control;
  struct iovec io = {request, sizeof *request};
  struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (recvmsg(from, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC) != (ssize_t)sizeof *request) return 0;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(STANDBY_FDS * sizeof(int)))
    return 0;
  memcpy(fds, CMSG_DATA(header), STANDBY_FDS * sizeof(int));
  return 1;
}

static void close_all(const int *fds) {
  for (int k = 0; k < STANDBY_FDS; k++)
    if (fds[k] != -1) close(fds[k]);
}

// What it sent, or NULL: it went away, is not what it seems, or is to do the work itself: it was too slow, or a signal came.
static char *receive_request(int from, standby_request *request, int *fds) {
  const struct timeval soon = {2, 0}, never = {0, 0};
  char *payload = NULL;
  setsockopt(from, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
  if (is_ours(from) && send(from, &(char){STANDBY_READY}, 1, MSG_NOSIGNAL) == 1 &&
      receive_descriptors(from, request, fds) && request->length <= STANDBY_BYTES &&
      (payload = malloc(request->length + 1)) != NULL &&
      recv(from, payload, request->length, MSG_WAITALL) == (ssize_t)request->length &&
      setsockopt(from, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof never) == 0)
    return payload;
  (void)!send(from, &(char){STANDBY_REFUSED}, 1, MSG_NOSIGNAL);
  return free(payload), close_all(fds), close(from), NULL;
}

// standbyAccept(listener, milliseconds, numbers): waits, blocking everything, for a client's request: its words and
// environment; undefined when none came, or a signal. `numbers` (9 int32): connection, the four descriptors, count of words,
// umask, and the signals it ignores as two halves. The listener is closed once there is one: who comes later goes elsewhere.
BINDING(standbyAccept) {
  ARGUMENTS("iib");
  struct pollfd one = {.fd = INT(0), .events = POLLIN};
  standby_request request;
  int fds[STANDBY_FDS] = {-1, -1, -1, -1};
  if (in.a[2].len < 9 * sizeof(int)) return fail(env, EINVAL, "accept");
  if (poll(&one, 1, INT(1)) != 1) return NULL;
  int from = accept4(INT(0), NULL, NULL, SOCK_CLOEXEC);
  if (from == -1 && errno != EINTR && errno != ECONNABORTED && errno != EAGAIN) return fail(env, errno, "accept");
  char *payload = from == -1 ? NULL : receive_request(from, &request, fds);
  if (payload == NULL) return NULL;
  close(INT(0));
  memcpy(TEXT(2), (int[]){from, fds[0], fds[1], fds[2], fds[3], (int)request.words, (int)request.umask,
                          (int)(uint32_t)request.ignored, (int)(uint32_t)(request.ignored >> 32)}, 9 * sizeof(int));
  napi_value out = data(env, "accept", payload, request.length);
  return free(payload), out;
}

static struct {
  pthread_t thread;
  int from;
  uint64_t ignored;
  atomic_int over, delivered;
} forwarding;

static int has_handler(int signal_number) {
  struct sigaction act;
  sigaction(signal_number, NULL, &act);
  return act.sa_handler != SIG_DFL && act.sa_handler != SIG_IGN;
}

static void deliver(int signal_number) {
  if (!has_handler(signal_number)) {
    if (forwarding.ignored >> (signal_number - 1) & 1) return;
    // Without a terminal of our own, job control would not stop us.
    if (signal_number == SIGTSTP) {
      (void)!send(forwarding.from, &(char){STANDBY_STOPPED}, 1, MSG_NOSIGNAL);
      signal_number = SIGSTOP;
    }
  }
  if (signal_number != SIGWINCH) atomic_fetch_add(&forwarding.delivered, 1);
  kill(getpid(), signal_number);
}

// A thread, because the command may be inside a call that blocks; the client's death is ours, as if it had been us.
static void *forward(void *unused) {
  unsigned char byte;
  for (;;) {
    ssize_t got = recv(forwarding.from, &byte, 1, 0);
    if (atomic_load(&forwarding.over)) return NULL;
    if (got == 1 && byte > 0 && byte < NSIG) deliver(byte);
    else if (got == 0 || (got == -1 && errno != EINTR)) kill(getpid(), SIGKILL);
  }
  return unused;
}

// standbyBegin(connection, ignored low, ignored high)
BINDING(standbyBegin) {
  ARGUMENTS("iii");
  sigset_t all, before;
  forwarding.from = INT(0);
  forwarding.ignored = (uint32_t)INT(1) | (uint64_t)(uint32_t)INT(2) << 32;
  atomic_store(&forwarding.over, 0), atomic_store(&forwarding.delivered, 0);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&forwarding.thread, NULL, forward, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error ? fail(env, error, "pthread_create") : NULL;
}

// standbyEnd(connection, exit status or nothing, leaving): no signal of this client comes after this. It is told its
// status, or that it has to do the work itself.
BINDING(standbyEnd) {
  ARGUMENTS("iII");
  standby_answer answer = {INT(2) ? STANDBY_LEAVING : STANDBY_DONE, INT(1)};
  napi_valuetype type = napi_undefined;
  napi_typeof(env, in.a[1].value, &type);
  if (forwarding.from == INT(0)) {
    atomic_store(&forwarding.over, 1);
    shutdown(INT(0), SHUT_RD);
    pthread_join(forwarding.thread, NULL);
    forwarding.from = -1;
  }
  if (type == napi_undefined) answer.word = STANDBY_REFUSED;
  (void)!send(INT(0), &answer, type == napi_undefined ? 1 : sizeof answer, MSG_NOSIGNAL);
  close(INT(0));
  return number(env, atomic_load(&forwarding.delivered));
}

void standby_leave(int status) {
  standby_answer answer = {STANDBY_LEAVING, status};
  if (forwarding.from > 0) (void)!send(forwarding.from, &answer, sizeof answer, MSG_NOSIGNAL);
}
