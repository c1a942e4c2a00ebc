#include "call.h"
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

CALL(open_at, "itii", "open", openat(INT(0), TEXT(1), INT(2) | O_CLOEXEC, INT(3)))
CALL(close_fd, "i", "close", close(INT(0)))
CALL(duplicate, "i", "fcntl", fcntl(INT(0), F_DUPFD_CLOEXEC, 3))
CALL(mkdir_at, "iti", "mkdir", mkdirat(INT(0), TEXT(1), (mode_t)INT(2)))
CALL(mknod_at, "itiii", "mknod", mknodat(INT(0), TEXT(1), (mode_t)INT(2), makedev((unsigned)INT(3), (unsigned)INT(4))))
CALL(symlink_at, "tit", "symlink", symlinkat(TEXT(0), INT(1), TEXT(2)))
CALL(link_at, "itit", "link", linkat(INT(0), TEXT(1), INT(2), TEXT(3), 0))
CALL(unlink_at, "iti", INT(2) & AT_REMOVEDIR ? "rmdir" : "unlink", unlinkat(INT(0), TEXT(1), INT(2)))
CALL(rename_at, "ititi", "rename", syscall(SYS_renameat2, INT(0), TEXT(1), INT(2), TEXT(3), INT(4)))
CALL(getdents, "ib", "getdents", syscall(SYS_getdents64, INT(0), in.a[1].s, in.a[1].len))
CALL(fallocate_fd, "iiii", "fallocate", fallocate(INT(0), INT(1), LONG(2), LONG(3)))
CALL(ioctl_fd, "iix", "ioctl", in.a[2].s ? ioctl(INT(0), LONG(1), in.a[2].s) : ioctl(INT(0), LONG(1), LONG(2)))

// EAGAIN: a rename raced with `..` (openat2(2)); the kernel asks to try again.
BINDING(open_in) {
  ARGUMENTS("itii");
  struct open_how how = {.flags = (uint64_t)(INT(2) | O_CLOEXEC), .resolve = (uint64_t)INT(3)};
  long fd = -1;
  for (int tries = 0; tries < 64 && fd == -1; tries++) {
    fd = syscall(SYS_openat2, INT(0), TEXT(1), &how, sizeof how);
    if (fd == -1 && errno != EAGAIN) break;
  }
  return done(env, "openat2", fd);
}

BINDING(readlink_at) {
  ARGUMENTS("it");
  char target[4096];
  return data(env, "readlink", target, readlinkat(INT(0), TEXT(1), target, sizeof target));
}

static int64_t nanoseconds(struct timespec t) {
  int64_t out;
  if (__builtin_mul_overflow((int64_t)t.tv_sec, 1000000000, &out)) return t.tv_sec < 0 ? INT64_MIN : INT64_MAX;
  return __builtin_add_overflow(out, (int64_t)t.tv_nsec, &out) ? INT64_MAX : out;
}

// Eight doubles, then five 64-bit integers, into memory the caller reuses: a stat without one allocation here.
BINDING(stat_at) {
  ARGUMENTS("itib");
  struct stat s;
  if (in.a[3].len < 13 * 8) return fail(env, EINVAL, "stat");
  if (fstatat(INT(0), TEXT(1), &s, INT(2)) == -1) return number(env, errno);
  double *d = (double *)in.a[3].s;
  d[0] = s.st_mode, d[1] = s.st_uid, d[2] = s.st_gid, d[3] = (double)s.st_size, d[4] = (double)s.st_nlink;
  d[5] = major(s.st_rdev), d[6] = minor(s.st_rdev), d[7] = (double)s.st_blocks;
  int64_t *n = (int64_t *)(d + 8);
  n[0] = (int64_t)s.st_ino, n[1] = (int64_t)s.st_dev;
  n[2] = nanoseconds(s.st_mtim), n[3] = nanoseconds(s.st_ctim), n[4] = nanoseconds(s.st_atim);
  return number(env, 0);
}

// In this order: chown clears setuid. `meta`: mode, uid, gid, time.
static int finish(int fd, const argument *meta) {
  int64_t ns = meta[3].n, rest = (ns % 1000000000 + 1000000000) % 1000000000;
  struct timespec time = {(ns - rest) / 1000000000, rest}, times[2] = {time, time};
  if (fchown(fd, (uid_t)meta[1].n, (gid_t)meta[2].n) == -1) return -1;
  return fchmod(fd, (mode_t)meta[0].n) == -1 ? -1 : futimens(fd, times);
}
CALL(finish_file, "iiiin", "finishFile", finish(INT(0), &in.a[1]))

static int write_all(int fd, const char *bytes, size_t length) {
  for (ssize_t n; length > 0; bytes += n, length -= (size_t)n)
    if ((n = write(fd, bytes, length)) == -1) {
      if (errno != EINTR) return -1;
      n = 0;
    }
  return 0;
}

// Open, write, own, mode, time and close in one crossing: the hot path of unpacking. 0600 until it is complete.
BINDING(create_file) {
  ARGUMENTS("itbiiin");
  int fd = openat(INT(0), TEXT(1), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd == -1) return fail(env, errno, "open");
  int result = write_all(fd, in.a[2].s, in.a[2].len) == -1 ? -1 : finish(fd, &in.a[3]), error = errno;
  if (close(fd) == -1 && result == 0) result = -1, error = errno;
  if (result == -1) unlinkat(INT(0), TEXT(1), 0);
  errno = error;
  return done(env, "write", result);
}

BINDING(seek) {
  ARGUMENTS("iii");
  return done_or(env, "lseek", lseek(INT(0), LONG(1), INT(2)), ENXIO);
}

BINDING(copy_range) {
  ARGUMENTS("iiiii");
  off64_t from = LONG(1), to = LONG(3);
  return done(env, "copy_file_range", copy_file_range(INT(0), &from, INT(2), &to, (size_t)LONG(4), 0));
}

BINDING(try_flock) {
  ARGUMENTS("ii");
  return done_or(env, "flock", flock(INT(0), INT(1) | LOCK_NB), EWOULDBLOCK);
}

static long syncfs_work(arguments *in) { return syncfs((int)in->a[0].n); }
BINDING(syncfs_fd) { return start(env, info, "i", "syncfs", syncfs_work); }

const binding file_bindings[] = {
    {"open", open_at},         {"openIn", open_in},           {"close", close_fd},          {"duplicate", duplicate},
    {"mkdir", mkdir_at},       {"mknod", mknod_at},           {"symlink", symlink_at},      {"link", link_at},
    {"unlink", unlink_at},     {"rename", rename_at},         {"readlink", readlink_at},    {"stat", stat_at},
    {"getdents", getdents},    {"finishFile", finish_file},   {"createFile", create_file},  {"seek", seek},
    {"ioctl", ioctl_fd},       {"fallocate", fallocate_fd},   {"copyRange", copy_range},    {"flock", try_flock},
    {"syncfs", syncfs_fd},     {NULL, NULL},
};
