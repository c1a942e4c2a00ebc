// Mounts and network namespaces. Each call has a thread of its own, which is thrown away after: what it unshares is
// never ours.
#include "call.h"
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

// Relative paths start at a[5], the working directory of this thread alone.
static long mount_from(const argument *a) {
  if (a[5].s && (unshare(CLONE_FS) == -1 || chdir(a[5].s) == -1)) return -1;
  return mount(a[0].s, a[1].s, a[2].s, (unsigned long)a[3].n, a[4].s);
}
BLOCKING(mount, "TtTiTT", mount_from(a))
BLOCKING(umount, "ti", umount2(a[0].s, (int)a[1].n))

// Sets and clears attributes and keeps the others, which a bind remount does not (Linux 5.12). struct mount_attr.
#define ATTRIBUTES ((uint64_t[4]){(uint64_t)LONG(2), (uint64_t)LONG(3), (uint64_t)LONG(4), 0})
CALL(mountSetattr, "tiiii", syscall(SYS_mount_setattr, AT_FDCWD, TEXT(0), INT(1), ATTRIBUTES, sizeof ATTRIBUTES))

// Interfaces that will come take no routes from whoever advertises some. Not there: a kernel without IPv6.
static void refuse_advertisements(void) {
  int fd = open("/proc/sys/net/ipv6/conf/default/accept_ra", O_WRONLY | O_CLOEXEC);
  (void)!write(fd, "0", 1);
  if (fd != -1) close(fd);
}

// A new network namespace, its loopback up, kept by a bind mount on a[0].
static long make_network(const argument *a) {
  if (unshare(CLONE_NEWNET) == -1) return -1;
  refuse_advertisements();
  struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  long result = ioctl(fd, SIOCSIFFLAGS, &lo);
  close(fd);
  return result == -1 ? -1 : mount("/proc/thread-self/ns/net", a[0].s, NULL, MS_BIND, NULL);
}
BLOCKING(networkNamespace, "t", make_network(a))
