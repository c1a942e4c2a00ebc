// Owner, mode, time and extended attributes of `name` in a directory, never following it.
#include "call.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static BINDING(chown_at) {
  ARGUMENTS("itii");
  int result = fchownat(INT(0), TEXT(1), (uid_t)INT(2), (gid_t)INT(3), AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
  return done(env, "chown", result);
}

// fchmodat2(2) came with Linux 6.6; before it, an O_PATH descriptor that is no symlink, through /proc.
static BINDING(chmod_at) {
  ARGUMENTS("iti");
  long result = syscall(SYS_fchmodat2, INT(0), TEXT(1), INT(2), AT_SYMLINK_NOFOLLOW);
  if (result == 0 || (errno != ENOSYS && errno != EPERM)) return done(env, "chmod", result);
  int fd = openat(INT(0), TEXT(1), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1) return fail(env, errno, "chmod");
  struct stat s;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (fstat(fd, &s) == 0 && S_ISLNK(s.st_mode)) errno = ENOTSUP, result = -1;
  else result = chmod(path, (mode_t)INT(2));
  int error = errno;
  close(fd);
  errno = error;
  return done(env, "chmod", result);
}

static BINDING(utimes_at) {
  ARGUMENTS("itnn");
  struct timespec times[2];
  for (int k = 0; k < 2; k++) {
    int64_t ns = in.a[3 - k].n, rest = ((ns % 1000000000) + 1000000000) % 1000000000;
    times[k] = (struct timespec){(ns - rest) / 1000000000, rest};
  }
  return done(env, "utimens", utimensat(INT(0), TEXT(1), times, AT_SYMLINK_NOFOLLOW));
}

// Linux 6.13 has *xattrat; /proc/self/fd/N/name with the l* calls does the same everywhere, and /proc/self/fd/N
// with the others, for no name, means the open file itself.
static char *beneath(const arguments *in, char out[512]) {
  const char *name = in->a[1].s;
  int length = snprintf(out, 512, "/proc/self/fd/%d%s%s", (int)in->a[0].n, *name ? "/" : "", name);
  return length < 512 && !strchr(name, '/') ? out : NULL;
}
#define PATH()                                                                                                 \
  char buffer[512], *path = beneath(&in, buffer);                                                              \
  if (path == NULL) return fail(env, ENAMETOOLONG, "xattr")

static BINDING(set_xattr) {
  ARGUMENTS("ittb");
  PATH();
  return done(env, "setxattr", (*TEXT(1) ? lsetxattr : setxattr)(path, TEXT(2), in.a[3].s, in.a[3].len, 0));
}

static BINDING(remove_xattr) {
  ARGUMENTS("itt");
  PATH();
  return done(env, "removexattr", (*TEXT(1) ? lremovexattr : removexattr)(path, TEXT(2)));
}

// At most 64 KiB each: XATTR_SIZE_MAX and XATTR_LIST_MAX (xattr(7)).
static BINDING(get_xattr) {
  ARGUMENTS("itt");
  PATH();
  char value[65536];
  ssize_t length = (*TEXT(1) ? lgetxattr : getxattr)(path, TEXT(2), value, sizeof value);
  return length == -1 ? fail(env, errno, "getxattr") : bytes(env, value, (size_t)length);
}

static BINDING(list_xattr) {
  ARGUMENTS("it");
  PATH();
  char names[65536];
  ssize_t length = (*TEXT(1) ? llistxattr : listxattr)(path, names, sizeof names);
  return length == -1 ? fail(env, errno, "listxattr") : bytes(env, names, (size_t)length);
}

void add_attributes(napi_env env, napi_value exports) {
  add(env, exports, "chown", chown_at), add(env, exports, "chmod", chmod_at), add(env, exports, "utimes", utimes_at);
  add(env, exports, "setXattr", set_xattr), add(env, exports, "removeXattr", remove_xattr);
  add(env, exports, "getXattr", get_xattr), add(env, exports, "listXattr", list_xattr);
}
