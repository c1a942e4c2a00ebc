#include "call.h"
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

// This call's own thread, thrown away after, leaves for a network namespace of its own, brings the loopback up there
// and hands the namespace to a bind mount on a[0].
static long make_network(const argument *a) {
  if (unshare(CLONE_NEWNET) == -1) return -1;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd == -1) return -1;
  struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  long result = ioctl(fd, SIOCSIFFLAGS, &lo);
  close(fd);
  return result == -1 ? -1 : mount("/proc/thread-self/ns/net", a[0].s, NULL, MS_BIND, NULL);
}
BLOCKING(networkNamespace, "t", make_network(a))
