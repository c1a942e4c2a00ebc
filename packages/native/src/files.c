// Files by directory descriptor and name, never following the name itself.
#include "call.h"
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

CALL(open, "itii", openat(INT(0), TEXT(1), INT(2) | O_CLOEXEC, INT(3)))
CALL(close, "i", close(INT(0)))
CALL(duplicate, "iI", fcntl(INT(0), F_DUPFD_CLOEXEC, INT(1) < 3 ? 3 : INT(1)))
CALL(mkdir, "iti", mkdirat(INT(0), TEXT(1), (mode_t)INT(2)))
CALL(mknod, "itiii", mknodat(INT(0), TEXT(1), (mode_t)INT(2), makedev((unsigned)INT(3), (unsigned)INT(4))))
CALL(symlink, "tit", symlinkat(TEXT(0), INT(1), TEXT(2)))
CALL(link, "itit", linkat(INT(0), TEXT(1), INT(2), TEXT(3), 0))
CALL(unlink, "iti", unlinkat(INT(0), TEXT(1), INT(2)))
CALL(rename, "ititi", syscall(SYS_renameat2, INT(0), TEXT(1), INT(2), TEXT(3), INT(4)))
CALL(getdents, "ib", syscall(SYS_getdents64, INT(0), BYTES(1)))
CALL(ioctl, "iix", in.a[2].s ? ioctl(INT(0), LONG(1), in.a[2].s) : ioctl(INT(0), LONG(1), LONG(2)))
CALL(copyRange, "iiiii", copy_file_range(INT(0), &in.a[1].n, INT(2), &in.a[3].n, (size_t)LONG(4), 0))
CALL(chown, "itii", fchownat(INT(0), TEXT(1), (uid_t)INT(2), (gid_t)INT(3), AT_SYMLINK_NOFOLLOW))
// SYS_fchmodat2, which older headers lack.
CALL(chmod, "iti", syscall(452, INT(0), TEXT(1), INT(2), AT_SYMLINK_NOFOLLOW))
TRY(seek, "iii", ENXIO, lseek(INT(0), LONG(1), INT(2)))
TRY(flock, "ii", EWOULDBLOCK, flock(INT(0), INT(1) | LOCK_NB))

BLOCKING(syncfs, "i", syncfs((int)a[0].n))

// EAGAIN: a rename raced with `..` (openat2(2)); the kernel asks to try again.
BINDING(openIn) {
  ARGUMENTS("itii");
  struct open_how how = {.flags = (uint64_t)(INT(2) | O_CLOEXEC), .resolve = (uint64_t)INT(3)};
  long fd, tries = 64;
  do fd = syscall(SYS_openat2, INT(0), TEXT(1), &how, sizeof how);
  while (fd == -1 && errno == EAGAIN && --tries > 0);
  return done(env, "openat2", fd);
}

BINDING(readlink) {
  ARGUMENTS("it");
  char target[4096];
  return data(env, "readlink", target, readlinkat(INT(0), TEXT(1), target, sizeof target));
}

static int64_t to_nanoseconds(struct timespec t) {
  __int128 ns = (__int128)t.tv_sec * 1000000000 + t.tv_nsec;
  return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

static struct timespec from_nanoseconds(int64_t ns) {
  int64_t rest = (ns % 1000000000 + 1000000000) % 1000000000;
  return (struct timespec){(ns - rest) / 1000000000, rest};
}

// Eight doubles, then five 64-bit integers, into memory the caller reuses: a stat without one allocation here.
BINDING(stat) {
  ARGUMENTS("itib");
  struct stat s;
  if (in.a[3].len < 13 * 8) return fail(env, EINVAL, "stat");
  if (fstatat(INT(0), TEXT(1), &s, INT(2)) == -1) return number(env, errno);
  double *d = (double *)in.a[3].s;
  d[0] = s.st_mode, d[1] = s.st_uid, d[2] = s.st_gid, d[3] = (double)s.st_size, d[4] = (double)s.st_nlink;
  d[5] = major(s.st_rdev), d[6] = minor(s.st_rdev), d[7] = (double)s.st_blocks;
  int64_t *n = (int64_t *)(d + 8);
  n[0] = (int64_t)s.st_ino, n[1] = (int64_t)s.st_dev;
  n[2] = to_nanoseconds(s.st_mtim), n[3] = to_nanoseconds(s.st_ctim), n[4] = to_nanoseconds(s.st_atim);
  return number(env, 0);
}

#define TIMES ((struct timespec[2]){from_nanoseconds(in.a[3].n), from_nanoseconds(in.a[2].n)})
CALL(utimes, "itnn", utimensat(INT(0), TEXT(1), TIMES, AT_SYMLINK_NOFOLLOW))

// In this order: chown clears setuid. `meta`: mode, uid, gid, time.
static int finish(int fd, const argument *meta) {
  struct timespec time = from_nanoseconds(meta[3].n), times[2] = {time, time};
  if (fchown(fd, (uid_t)meta[1].n, (gid_t)meta[2].n) == -1) return -1;
  return fchmod(fd, (mode_t)meta[0].n) == -1 ? -1 : futimens(fd, times);
}
CALL(finishFile, "iiiin", finish(INT(0), &in.a[1]))

static int write_all(int fd, const char *bytes, size_t length) {
  for (ssize_t n; length > 0; bytes += n, length -= (size_t)n)
    if ((n = write(fd, bytes, length)) == -1) return -1;
  return 0;
}

// Open, write, own, mode, time and close in one crossing: the hot path of unpacking. 0600 until it is complete.
BINDING(createFile) {
  ARGUMENTS("itbiiin");
  int fd = openat(INT(0), TEXT(1), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd == -1) return fail(env, errno, "open");
  int result = write_all(fd, BYTES(2)) == -1 ? -1 : finish(fd, &in.a[3]), error = errno;
  if (close(fd) == -1 && result == 0) result = -1, error = errno;
  if (result == -1) unlinkat(INT(0), TEXT(1), 0);
  errno = error;
  return done(env, "write", result);
}

// By path, followed when the last argument says so.
#define XATTR(call, follow) (INT(follow) ? call : l##call)
CALL(setXattr, "ttbi", XATTR(setxattr, 3)(TEXT(0), TEXT(1), BYTES(2), 0))
CALL(removeXattr, "tti", XATTR(removexattr, 2)(TEXT(0), TEXT(1)))
#define GET(room)                                                                                                    \
  (TEXT(1) ? XATTR(getxattr, 2)(TEXT(0), TEXT(1), value, room) : XATTR(listxattr, 2)(TEXT(0), value, room))
// The list without an attribute. At most 64 KiB (xattr(7)). The kernel allocates what we offer, so little first.
BINDING(getXattr) {
  ARGUMENTS("tTi");
  char value[65536];
  ssize_t length = GET(1024);
  if (length == -1 && errno == ERANGE) length = GET(sizeof value);
  return data(env, "getxattr", value, length);
}
