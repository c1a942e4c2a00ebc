// Owner, mode, time and extended attributes of `name` in a directory, never following it.
#include "call.h"
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

CALL(chown_at, "itii", "chown", fchownat(INT(0), TEXT(1), (uid_t)INT(2), (gid_t)INT(3), AT_SYMLINK_NOFOLLOW))
CALL(chmod_at, "iti", "chmod", syscall(SYS_fchmodat2, INT(0), TEXT(1), INT(2), AT_SYMLINK_NOFOLLOW))

BINDING(utimes_at) {
  ARGUMENTS("itnn");
  struct timespec times[2];
  for (int k = 0; k < 2; k++) {
    int64_t ns = in.a[3 - k].n, rest = (ns % 1000000000 + 1000000000) % 1000000000;
    times[k] = (struct timespec){(ns - rest) / 1000000000, rest};
  }
  return done(env, "utimens", utimensat(INT(0), TEXT(1), times, AT_SYMLINK_NOFOLLOW));
}

// Linux 6.13 has *xattrat; /proc/self/fd/N/name with the l* calls does the same everywhere, and /proc/self/fd/N
// with the others, for no name, means the open file itself.
static char *beneath(const arguments *in, char out[512]) {
  const char *name = in->a[1].s;
  int length = snprintf(out, 512, "/proc/self/fd/%d%s%s", (int)in->a[0].n, *name ? "/" : "", name);
  // A path that fails: names are one component.
  return length < 512 && !strchr(name, '/') ? out : strcpy(out, "");
}
#define ATTRIBUTES(signature)                                                                                  \
  ARGUMENTS(signature);                                                                                        \
  char path[512], value[65536];                                                                                \
  (void)value;                                                                                                 \
  beneath(&in, path)

BINDING(set_xattr) {
  ATTRIBUTES("ittb");
  return done(env, "setxattr", (*TEXT(1) ? lsetxattr : setxattr)(path, TEXT(2), in.a[3].s, in.a[3].len, 0));
}

BINDING(remove_xattr) {
  ATTRIBUTES("itt");
  return done(env, "removexattr", (*TEXT(1) ? lremovexattr : removexattr)(path, TEXT(2)));
}

// At most 64 KiB each: XATTR_SIZE_MAX and XATTR_LIST_MAX (xattr(7)). The kernel allocates what we offer, so little first.
BINDING(get_xattr) {
  ATTRIBUTES("itt");
  ssize_t (*get)(const char *, const char *, void *, size_t) = *TEXT(1) ? lgetxattr : getxattr;
  ssize_t length = get(path, TEXT(2), value, 1024);
  if (length == -1 && errno == ERANGE) length = get(path, TEXT(2), value, sizeof value);
  return data(env, "getxattr", value, length);
}

BINDING(list_xattr) {
  ATTRIBUTES("it");
  ssize_t (*list)(const char *, char *, size_t) = *TEXT(1) ? llistxattr : listxattr;
  ssize_t length = list(path, value, 1024);
  if (length == -1 && errno == ERANGE) length = list(path, value, sizeof value);
  return data(env, "listxattr", value, length);
}

const binding attribute_bindings[] = {
    {"chown", chown_at},           {"chmod", chmod_at},     {"utimes", utimes_at},      {"setXattr", set_xattr},
    {"removeXattr", remove_xattr}, {"getXattr", get_xattr}, {"listXattr", list_xattr}, {NULL, NULL},
};
