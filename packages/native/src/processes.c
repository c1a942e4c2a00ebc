// Start processes and hold them by descriptor.
#include "call.h"
#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>

CALL(pidfdOpen, "i", syscall(SYS_pidfd_open, INT(0), 0))
CALL(pidfdSendSignal, "ii", syscall(SYS_pidfd_send_signal, INT(0), INT(1), NULL, 0))

// The status of a child that has ended, for the one who started it; -1 while it runs.
BINDING(wait) {
  ARGUMENTS("i");
  int status = -1;
  return waitpid(INT(0), &status, WNOHANG) == -1 ? fail(env, errno, "waitpid") : number(env, status);
}

// Strings, each ended by NUL, as the vector that execve(2) takes.
static char **vector(const argument *block) {
  size_t count = 0, k = 0;
  for (size_t at = 0; at < block->len; at++) count += block->s[at] == 0;
  char **out = calloc(count + 1, sizeof *out);
  for (char *s = block->s; out && k < count; s += strlen(s) + 1) out[k++] = s;
  return out;
}

// In the child; returns only when it fails. Signals as a login gives them: all default, none blocked.
static int become(const argument *a, char **argv, char **envp) {
  const int *fds = (const int *)a[4].s, count = (int)(a[4].len / sizeof(int));
  if (a[5].n) setsid();
  if (a[3].s && chdir(a[3].s) == -1) return errno;
  for (int k = 0; k < count; k++) {
    int fd = fds[k] == -1 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fds[k];
    if ((fd == k ? fcntl(k, F_SETFD, 0) : dup2(fd, k)) == -1) return errno;
  }
  // Ours are close-on-exec; this is for those of others in this process (Linux 5.9).
  close_range((unsigned)count, ~0U, 0);
  for (int signal_number = 1; signal_number < NSIG; signal_number++) signal(signal_number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &(sigset_t){0}, NULL);
  execve(a[0].s, argv, envp);
  return errno;
}

// vfork(2): the child borrows our memory until execve, where fork copies all page tables and then costs a fault for
// each page we write. Not posix_spawn(3): glibc leaves signals 32 and 33 ignored, and a container would see that.
static int start_process(const argument *a, char **argv, char **envp, pid_t *pid) {
  volatile int error = 0;
  sigset_t all, before;
  if (argv == NULL || envp == NULL) return ENOMEM;
  // No handler of ours may run in the child.
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  *pid = vfork();
  if (*pid == 0) {
    error = become(a, argv, envp);
    _exit(127);
  }
  if (*pid == -1) error = errno;
  else if (error) waitpid(*pid, NULL, 0);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

// spawn(path, argv, environment, directory or null, descriptors, session). Descriptor k of the child is the k-th of
// ours, -1 for /dev/null; one below their count must be its own, since the others would overwrite it.
BINDING(spawn) {
  ARGUMENTS("tbbTbi");
  pid_t pid = -1;
  char **argv = vector(&in.a[1]), **envp = vector(&in.a[2]);
  int error = start_process(in.a, argv, envp, &pid);
  free(argv), free(envp);
  return error ? fail(env, error, "spawn") : number(env, pid);
}

CALL(trim, "", malloc_trim(0))
