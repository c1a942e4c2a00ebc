#include "call.h"
#include <linux/mount.h>
#include <pthread.h>
#include <sched.h>

// <sys/mount.h> and <linux/mount.h> of glibc 2.36 exclude each other.
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);

typedef struct {
  argument *a;
  long result;
  int error;
} job;

// A thread of its own, thrown away after: unshare(CLONE_FS) gives it a working directory that nobody else sees.
static void *mount_from_base(void *pointer) {
  job *j = pointer;
  argument *a = j->a;
  j->result = unshare(CLONE_FS) == -1 || chdir(a[5].s) == -1
                  ? -1
                  : mount(a[0].s, a[1].s, a[2].s, (unsigned long)a[3].n, a[4].s);
  j->error = errno;
  return NULL;
}

static long mount_work(arguments *in) {
  argument *a = in->a;
  if (a[5].s == NULL) return mount(a[0].s, a[1].s, a[2].s, (unsigned long)a[3].n, a[4].s);
  job j = {.a = a};
  pthread_t thread;
  int error = pthread_create(&thread, NULL, mount_from_base, &j);
  if (error == 0) pthread_join(thread, NULL);
  errno = error ? error : j.error;
  return error ? -1 : j.result;
}
static long umount_work(arguments *in) { return umount2(in->a[0].s, (int)in->a[1].n); }

BINDING(mount_binding) { return start(env, info, "TtTiTT", "mount", mount_work); }
BINDING(umount_binding) { return start(env, info, "ti", "umount2", umount_work); }

// Sets and clears attributes and keeps the others, which a bind remount does not (Linux 5.12).
BINDING(mount_setattr_binding) {
  ARGUMENTS("tiiii");
  struct mount_attr how = {(uint64_t)LONG(2), (uint64_t)LONG(3), (uint64_t)LONG(4), 0};
  return done(env, "mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, TEXT(0), INT(1), &how, sizeof how));
}

const binding mount_bindings[] = {
    {"mount", mount_binding}, {"umount", umount_binding}, {"mountSetattr", mount_setattr_binding}, {NULL, NULL},
};
