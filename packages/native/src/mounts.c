#include "call.h"
#include <linux/mount.h>
#include <sched.h>

// <sys/mount.h> and <linux/mount.h> of glibc 2.36 exclude each other.
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);

// Relative paths start at `a[5]`: this call's own thread, thrown away after, gets a working directory of its own.
static long mount_from(const argument *a) {
  if (a[5].s && (unshare(CLONE_FS) == -1 || chdir(a[5].s) == -1)) return -1;
  return mount(a[0].s, a[1].s, a[2].s, (unsigned long)a[3].n, a[4].s);
}
BLOCKING(mount, "TtTiTT", mount_from(a))
BLOCKING(umount, "ti", umount2(a[0].s, (int)a[1].n))

// Sets and clears attributes and keeps the others, which a bind remount does not (Linux 5.12).
#define ATTRIBUTES &((struct mount_attr){(uint64_t)LONG(2), (uint64_t)LONG(3), (uint64_t)LONG(4), 0})
CALL(mountSetattr, "tiiii", syscall(SYS_mount_setattr, AT_FDCWD, TEXT(0), INT(1), ATTRIBUTES, sizeof *ATTRIBUTES))
