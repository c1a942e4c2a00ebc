import type { Files } from '../host/tree.ts';

const PARAMETERS = '/sys/module/overlay/parameters';
const OPTIONS = ['index', 'redirect_dir', 'metacopy'];

/**
 * Options of an overlay mount that keep a layer's directory the whole truth about the layer, whatever the kernel was
 * configured with (Linux Documentation/filesystems/overlayfs.rst):
 * - `index=off`, as containerd and moby: with an index an upper directory is bound to its lower ones, and one that
 *   was unpacked before its parents were known, or copied, is refused with ESTALE.
 * - `redirect_dir=off`: a renamed directory would be a name and an xattr, which a diff of the layer cannot read
 *   (moby and containers/storage give up their native diff where it is on). The price is EXDEV, which mv(1) handles.
 * - `metacopy=off`: a chmod would leave a file without its data in the layer.
 *
 * An option the running kernel does not know would fail the mount, so only those with a parameter are given.
 */
export function overlayMountOptions(files: Files): string[] {
  try {
    using tree = files.openTree(PARAMETERS);
    return OPTIONS.filter((name) => tree.lstat(Buffer.from(name))).map((name) => `${name}=off`);
  } catch {
    return []; // not loaded yet: the kernel loads it with the first mount, with its defaults
  }
}
