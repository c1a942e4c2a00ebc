#include "call.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static BINDING(open_at) {
  ARGUMENTS("itii");
  return done(env, "open", openat(INT(0), TEXT(1), INT(2) | O_CLOEXEC, INT(3)));
}

// EAGAIN: a rename raced with `..` (openat2(2)); the kernel asks to try again.
static BINDING(open_in) {
  ARGUMENTS("itii");
  struct open_how how = {.flags = (uint64_t)(INT(2) | O_CLOEXEC), .resolve = (uint64_t)INT(3)};
  long fd = -1;
  for (int tries = 0; tries < 64; tries++) {
    fd = syscall(SYS_openat2, INT(0), TEXT(1), &how, sizeof how);
    if (fd != -1 || errno != EAGAIN) break;
  }
  return done(env, "openat2", fd);
}

static BINDING(close_fd) {
  ARGUMENTS("i");
  return done(env, "close", close(INT(0)));
}

static BINDING(duplicate) {
  ARGUMENTS("i");
  return done(env, "fcntl", fcntl(INT(0), F_DUPFD_CLOEXEC, 3));
}

static BINDING(mkdir_at) {
  ARGUMENTS("iti");
  return done(env, "mkdir", mkdirat(INT(0), TEXT(1), (mode_t)INT(2)));
}

static BINDING(mknod_at) {
  ARGUMENTS("itiii");
  dev_t device = makedev((unsigned)INT(3), (unsigned)INT(4));
  return done(env, "mknod", mknodat(INT(0), TEXT(1), (mode_t)INT(2), device));
}

static BINDING(symlink_at) {
  ARGUMENTS("tit");
  return done(env, "symlink", symlinkat(TEXT(0), INT(1), TEXT(2)));
}

static BINDING(link_at) {
  ARGUMENTS("itit");
  return done(env, "link", linkat(INT(0), TEXT(1), INT(2), TEXT(3), 0));
}

static BINDING(unlink_at) {
  ARGUMENTS("iti");
  return done(env, INT(2) & AT_REMOVEDIR ? "rmdir" : "unlink", unlinkat(INT(0), TEXT(1), INT(2)));
}

static BINDING(rename_at) {
  ARGUMENTS("ititi");
  return done(env, "rename", syscall(SYS_renameat2, INT(0), TEXT(1), INT(2), TEXT(3), INT(4)));
}

static BINDING(readlink_at) {
  ARGUMENTS("it");
  char target[4096];
  ssize_t length = readlinkat(INT(0), TEXT(1), target, sizeof target);
  return length == -1 ? fail(env, errno, "readlink") : bytes(env, target, (size_t)length);
}

static int64_t nanoseconds(struct timespec t) {
  int64_t out;
  if (__builtin_mul_overflow((int64_t)t.tv_sec, 1000000000, &out)) return t.tv_sec < 0 ? INT64_MIN : INT64_MAX;
  return __builtin_add_overflow(out, (int64_t)t.tv_nsec, &out) ? INT64_MAX : out;
}

// Eight doubles, then five 64-bit integers, into memory the caller reuses: a stat without one allocation here.
static BINDING(stat_at) {
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

static BINDING(getdents) {
  ARGUMENTS("ib");
  return done(env, "getdents", syscall(SYS_getdents64, INT(0), in.a[1].s, in.a[1].len));
}

static struct timespec timespec_of(int64_t ns) {
  int64_t rest = ns % 1000000000, seconds = ns / 1000000000;
  return rest < 0 ? (struct timespec){seconds - 1, rest + 1000000000} : (struct timespec){seconds, rest};
}

// In this order: chown clears setuid, a mode without write permission must not stop the time.
static int finish(int fd, const argument *meta) {
  struct timespec times[2] = {timespec_of(meta[3].n), timespec_of(meta[3].n)};
  if (fchown(fd, (uid_t)meta[1].n, (gid_t)meta[2].n) == -1) return -1;
  return fchmod(fd, (mode_t)meta[0].n) == -1 ? -1 : futimens(fd, times);
}

static BINDING(finish_file) {
  ARGUMENTS("iiiin");
  return done(env, "finishFile", finish(INT(0), &in.a[1]));
}

// Open, write, own, mode, time and close in one crossing: the hot path of unpacking. 0600 until it is complete.
static BINDING(create_file) {
  ARGUMENTS("itbiiin");
  int fd = openat(INT(0), TEXT(1), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd == -1) return fail(env, errno, "open");
  size_t at = 0;
  const char *call = "write";
  while (at < in.a[2].len) {
    ssize_t n = write(fd, in.a[2].s + at, in.a[2].len - at);
    if (n == -1 && errno != EINTR) goto failed;
    if (n > 0) at += (size_t)n;
  }
  call = "finishFile";
  if (finish(fd, &in.a[3]) == -1) goto failed;
  if (close(fd) == 0) return number(env, 0);
  return fail(env, errno, "close");
failed:;
  int error = errno;
  close(fd);
  unlinkat(INT(0), TEXT(1), 0);
  return fail(env, error, call);
}

static BINDING(seek) {
  ARGUMENTS("iii");
  off_t at = lseek(INT(0), (off_t)in.a[1].n, INT(2));
  return at == -1 && errno == ENXIO ? number(env, -1) : done(env, "lseek", at);
}

static BINDING(fallocate_fd) {
  ARGUMENTS("iiii");
  return done(env, "fallocate", fallocate(INT(0), INT(1), (off_t)in.a[2].n, (off_t)in.a[3].n));
}

static BINDING(copy_range) {
  ARGUMENTS("iiiii");
  off64_t from = in.a[1].n, to = in.a[3].n;
  return done(env, "copy_file_range", copy_file_range(INT(0), &from, INT(2), &to, (size_t)in.a[4].n, 0));
}

static BINDING(ioctl_fd) {
  ARGUMENTS("iix");
  unsigned long request = (unsigned long)in.a[1].n;
  return done(env, "ioctl", in.a[2].s ? ioctl(INT(0), request, in.a[2].s) : ioctl(INT(0), request, INT(2)));
}

static BINDING(try_flock) {
  ARGUMENTS("ii");
  int result = flock(INT(0), INT(1) | LOCK_NB);
  return result == -1 && errno == EWOULDBLOCK ? number(env, -1) : done(env, "flock", result);
}

static long syncfs_work(arguments *in) { return syncfs((int)in->a[0].n); }
static BINDING(syncfs_fd) { return start(env, info, "i", "syncfs", syncfs_work); }

void add_files(napi_env env, napi_value exports) {
  add(env, exports, "open", open_at), add(env, exports, "openIn", open_in), add(env, exports, "close", close_fd);
  add(env, exports, "duplicate", duplicate), add(env, exports, "mkdir", mkdir_at), add(env, exports, "mknod", mknod_at), add(env, exports, "symlink", symlink_at);
  add(env, exports, "link", link_at), add(env, exports, "unlink", unlink_at), add(env, exports, "rename", rename_at);
  add(env, exports, "readlink", readlink_at), add(env, exports, "stat", stat_at);
  add(env, exports, "getdents", getdents), add(env, exports, "finishFile", finish_file);
  add(env, exports, "createFile", create_file), add(env, exports, "seek", seek);
  add(env, exports, "fallocate", fallocate_fd), add(env, exports, "copyRange", copy_range);
  add(env, exports, "ioctl", ioctl_fd), add(env, exports, "flock", try_flock), add(env, exports, "syncfs", syncfs_fd);
}
