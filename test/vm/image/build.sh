#!/bin/sh
# Makes the machine for test-vm.sh below the directory given, once per kind of content, and prints where it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=$1
mkdir -p "$cache"
export LC_ALL=C

# What a suite may need in the guest; the kernel comes from its package, unpacked and never installed.
packages=attr,btrfs-progs,busybox-static,conmon,crun,e2fsprogs,iproute2,kmod,libcap2-bin,libstdc++6,nftables,procps,quota,runc,tini,xfsprogs
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$kernel" ] || { echo "test-vm: apt knows no linux-image-cloud-amd64" >&2; exit 1; }
version=$(apt-cache policy "$kernel" | sed -n 's/ *Candidate: //p')
key=$({ echo "$suite $packages $kernel $version"; cat "$here"/*; } | sha256sum | cut -c1-16)
machine=$cache/vm-$key
if [ -f "$machine/root.ext4" ]; then
  echo "$machine"
  exit 0
fi

exec 9>"$cache/vm.lock"
flock 9
if [ -f "$machine/root.ext4" ]; then
  echo "$machine"
  exit 0
fi
echo "# making the machine ($suite, $kernel $version): once, some minutes" >&2
# In memory: dpkg syncs after every file.
work=$(mktemp -d -p /dev/shm strata-vm-XXXXXX)
trap 'rm -rf "$work" "$cache/vm-making"' EXIT

(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$kernel" >/dev/null)
dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
release=$(ls "$work/kernel/lib/modules")

mmdebstrap --quiet --variant=minbase --include="$packages" \
  --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  "$suite" "$work/root" >&2
rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists"
mkdir -p "$work/root/repository" "$work/root/var/lib/strata" "$work/root/lib/modules"
mv "$work/kernel/lib/modules/$release" "$work/root/lib/modules/"
chroot "$work/root" depmod "$release"

# Just enough to find the root disk; everything else is in the root.
mkdir -p "$work/initrd/bin" "$work/initrd/modules" "$work/initrd/root" "$work/initrd/dev" "$work/initrd/proc"
cp "$(command -v busybox)" "$work/initrd/bin/busybox"
cp "$here/initrd-init.sh" "$work/initrd/init"
chmod 0755 "$work/initrd/init"
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk; do
  find "$work/root/lib/modules" -name "$module.ko" -exec cp {} "$work/initrd/modules/" \;
done

mkdir "$work/machine"
cp "$work"/kernel/boot/vmlinuz-* "$work/machine/"
(cd "$work/initrd" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$work/machine/initrd"
truncate -s 1G "$work/machine/root.ext4"
mkfs.ext4 -q -O ^has_journal -E lazy_itable_init=1 -d "$work/root" "$work/machine/root.ext4"
rm -rf "$machine" "$cache/vm-making"
cp -r --sparse=always "$work/machine" "$cache/vm-making"
mv "$cache/vm-making" "$machine"
# Others are of older kernels or of older scripts.
for old in "$cache"/vm-????????????????; do
  [ ! -d "$old" ] || [ "$old" = "$machine" ] || rm -rf "$old"
done
echo "$machine"
