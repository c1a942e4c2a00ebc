// Everything of this process that a child would inherit and that a request does not carry. Two processes with the same
// key may stand in for each other; a changed one of these, or a new build, is another key.
#include "context.h"
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

enum { FILE_BYTES = 16384 };

// FNV-1a: it keeps nobody out, the directory of the sockets does.
static uint64_t hash = 0xcbf29ce484222325;

static void mix(const void *data, size_t length) {
  for (const unsigned char *at = data, *end = at + length; at < end; at++) hash = (hash ^ *at) * 0x100000001b3;
}

static void mix_text(const char *text) { mix(text, strlen(text) + 1); }

// Length of a small file, 0 when it is not there: not every kernel has all of them.
static size_t slurp(const char *path, char *out) {
  size_t used = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) return 0;
  for (ssize_t got; used < FILE_BYTES - 1 && (got = read(fd, out + used, FILE_BYTES - 1 - used)) > 0;)
    used += (size_t)got;
  close(fd);
  out[used] = 0;
  return used;
}

static void mix_file(const char *path) {
  char text[FILE_BYTES] = "";
  mix(text, slurp(path, text) + 1);
}

static ssize_t read_namespace(const char *process, const char *name, char out[64]) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/ns/%s", process, name);
  ssize_t length = readlink(path, out, 63);
  out[length < 0 ? 0 : length] = 0;
  return length;
}

static pid_t parent_of(const char *process) {
  char path[64], text[FILE_BYTES] = "";
  snprintf(path, sizeof path, "/proc/%s/stat", process);
  slurp(path, text);
  const char *end = strrchr(text, ')');
  return end == NULL ? 0 : (pid_t)strtol(end + 4, NULL, 10);
}

static int identify_root(const char *path, struct statx *is) {
  memset(is, 0, sizeof *is);
  return statx(AT_FDCWD, path, 0, STATX_INO | STATX_MNT_ID, is) == 0;
}

static int has_other_root(const char *process) {
  struct statx own, other;
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/root", process);
  return identify_root("/", &own) && identify_root(path, &other) &&
         (own.stx_ino != other.stx_ino || own.stx_mnt_id != other.stx_mnt_id);
}

// By systemd for a unit, cgexec(1), or a shell that was about to become us. A login moves the shell itself.
static int has_own_cgroup(void) {
  char path[64], own[FILE_BYTES], other[FILE_BYTES];
  snprintf(path, sizeof path, "/proc/%d/cgroup", getppid());
  return slurp("/proc/self/cgroup", own) > 0 && slurp(path, other) > 0 && strcmp(own, other) != 0;
}

int was_put_here(void) {
  static const char *const names[] = {"mnt", "net"};
  char process[16] = "self", own[64], other[64];
  if (has_own_cgroup()) return 1;
  for (pid_t pid; (pid = parent_of(process)) > 0;) {
    snprintf(process, sizeof process, "%d", pid);
    if (has_other_root(process)) return 1;
    for (int k = 0; k < 2; k++)
      // Process 1 may be more than we are allowed to look at.
      if (read_namespace("self", names[k], own) > 0 && read_namespace(process, names[k], other) > 0 &&
          strcmp(own, other) != 0)
        return 1;
  }
  return 0;
}

// Which file, not what it is called: a build and an update make a new one.
static int mix_identity(const char *path, int with_times) {
  struct stat is;
  if (stat(path, &is) == -1) return 0;
  mix(&is.st_dev, sizeof is.st_dev), mix(&is.st_ino, sizeof is.st_ino);
  if (with_times) mix(&is.st_mtim, sizeof is.st_mtim), mix(&is.st_size, sizeof is.st_size);
  return 1;
}

// Credentials, capabilities, processors. 0 when a tracer watches this process, its signals are blocked, or seccomp filters
// its calls, for nobody can compare filters.
static int mix_status(void) {
  static const char *const inherited[] = {"Uid:",         "Gid:",     "Groups:",     "Cap",
                                          "NoNewPrivs:",  "Cpus_allowed:", "Mems_allowed:",
                                          "THP_enabled:", "Speculat", "untag_mask:", "x86_Thread"};
  char text[FILE_BYTES], *rest = text;
  if (slurp("/proc/self/status", text) == 0) return 0;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
    if (strncmp(line, "TracerPid:", 10) == 0 && strcmp(line + 10, "\t0") != 0) return 0;
    if (strncmp(line, "Seccomp:", 8) == 0 && strcmp(line + 8, "\t0") != 0) return 0;
    if (strncmp(line, "SigBlk:", 7) == 0 && strcmp(line + 7, "\t0000000000000000") != 0) return 0;
    for (size_t k = 0; k < sizeof inherited / sizeof *inherited; k++)
      if (strncmp(line, inherited[k], strlen(inherited[k])) == 0) mix_text(line);
  }
  return 1;
}

// What Node, the C library and the loader read once, when a process starts.
static void mix_environment(void) {
  static const char *const read_once[] = {"NODE_", "LD_",  "LC_",     "LANG",   "SSL_",   "OPENSSL_",
                                          "UV_",   "TZ=", "GLIBC_",  "MALLOC_", "GCONV_", "ICU_"};
  for (char **entry = environ; *entry != NULL; entry++)
    for (size_t k = 0; k < sizeof read_once / sizeof *read_once; k++)
      if (strncmp(*entry, read_once[k], strlen(read_once[k])) == 0) mix_text(*entry);
}

// nice(1), chrt(1), ionice(1), numactl(8), and the bits of prctl(2) that outlive execve(2).
static void mix_scheduling(void) {
  enum { IOPRIO_WHO_PROCESS = 1, MOST_NODES = 1024 };
  struct sched_param parameters = {0};
  unsigned long nodes[MOST_NODES / sizeof(long) / 8] = {0};
  int policy = 0;
  sched_getparam(0, &parameters);
  syscall(SYS_get_mempolicy, &policy, nodes, MOST_NODES, 0, 0);
  mix(&parameters.sched_priority, sizeof parameters.sched_priority), mix(nodes, sizeof nodes);
  mix(&(long[]){getpriority(PRIO_PROCESS, 0), sched_getscheduler(0), policy,
                syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0), prctl(PR_GET_SECUREBITS)}, 5 * sizeof(long));
}

int context_key(const char *node, const char *program, char key[17]) {
  static const char *const namespaces[] = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children",
                                           "time",   "time_for_children", "user", "uts"};
  static const char *const files[] = {"cgroup", "limits", "oom_score_adj", "attr/current", "loginuid", "sessionid",
                                      "personality", "timerslack_ns", "coredump_filter"};
  struct rlimit processor_time;
  char path[64];
  // One process would use up what each is given.
  if (getrlimit(RLIMIT_CPU, &processor_time) == -1 || processor_time.rlim_cur != RLIM_INFINITY) return 0;
  if (!mix_status() || !mix_identity(node, 1) || !mix_identity(program, 1) || !mix_identity("/", 0)) return 0;
  for (size_t k = 0; k < sizeof namespaces / sizeof *namespaces; k++) {
    read_namespace("self", namespaces[k], path);
    mix_text(path);
  }
  for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
    snprintf(path, sizeof path, "/proc/self/%s", files[k]);
    mix_file(path);
  }
  mix_environment();
  // Read once, too.
  mix_identity("/etc/localtime", 1);
  mix_scheduling();
  snprintf(key, 17, "%016llx", (unsigned long long)hash);
  return 1;
}
