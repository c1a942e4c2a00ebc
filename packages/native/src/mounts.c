#include "call.h"
#include <fcntl.h>
#include <linux/mount.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

// <sys/mount.h> and <linux/mount.h> of glibc 2.36 exclude each other.
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);

typedef struct {
  arguments *in;
  long result;
  int error;
} job;

// A thread of its own, thrown away after: unshare(CLONE_FS) gives it a working directory that nobody else sees.
static void *mount_from_base(void *data) {
  job *j = data;
  argument *a = j->in->a;
  j->result = unshare(CLONE_FS) == -1 || chdir(a[5].s) == -1 ? -1
              : mount(a[0].s, a[1].s, a[2].s, (unsigned long)a[3].n, a[4].s);
  j->error = errno;
  return NULL;
}

static long mount_work(arguments *in) {
  argument *a = in->a;
  if (a[5].s == NULL) return mount(a[0].s, a[1].s, a[2].s, (unsigned long)a[3].n, a[4].s);
  job j = {.in = in};
  pthread_t thread;
  int error = pthread_create(&thread, NULL, mount_from_base, &j);
  if (error) return errno = error, -1;
  pthread_join(thread, NULL);
  errno = j.error;
  return j.result;
}
static BINDING(mount_binding) { return start(env, info, "TtTiTT", "mount", mount_work); }

static long umount_work(arguments *in) { return umount2(in->a[0].s, (int)in->a[1].n); }
static BINDING(umount_binding) { return start(env, info, "ti", "umount2", umount_work); }

// Sets and clears attributes and keeps the others, which a bind remount does not (Linux 5.12).
static BINDING(mount_setattr_binding) {
  ARGUMENTS("tiiii");
  struct mount_attr attributes = {.attr_set = (uint64_t)in.a[2].n, .attr_clr = (uint64_t)in.a[3].n,
                                  .propagation = (uint64_t)in.a[4].n};
  long result = syscall(SYS_mount_setattr, AT_FDCWD, TEXT(0), INT(1), &attributes, sizeof attributes);
  return done(env, "mount_setattr", result);
}

void add_mounts(napi_env env, napi_value exports) {
  add(env, exports, "mount", mount_binding), add(env, exports, "umount", umount_binding);
  add(env, exports, "mountSetattr", mount_setattr_binding);
}
