#!/bin/busybox sh
# pid 1 until the root disk is mounted.
/bin/busybox mount -t devtmpfs dev /dev
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk; do
  /bin/busybox insmod "/modules/$module.ko"
done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount -t proc proc /root/proc
/bin/busybox chroot /root /sbin/modprobe virtiofs
/bin/busybox mount -t virtiofs -o ro repository /root/repository
exec /bin/busybox switch_root /root /bin/sh /repository/test/vm/guest/init.sh
