import { errnoOf, type Tree } from '@strata/core';
import { badLayer } from '../layer-error.ts';
import { pathBytes, type RawPath, showPath } from '../path/raw-path.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { isOverlayControl } from './overlay-marks.ts';

const KEPT = /^(?:(?:user|trusted|security)\.|system\.posix_acl_(?:access|default)$)/;
/** xattr(7): names ≤ 255 bytes, values ≤ 64 KiB. */
const MAX_VALUE = 65_536;

/**
 * Set an entry's extended attributes. As Docker and containerd: all of `user`, `security` and `trusted` and the ACLs are
 * kept, a filesystem that has none is fine (ENOTSUP), `user.*` on what cannot have them is dropped (EPERM). Attributes
 * that steer overlayfs are dropped in every mode: an image must not hide or redirect files of other layers.
 */
export function applyXattrs(
  tree: Tree,
  target: { readonly path: RawPath; readonly entry: TarEntry },
  warn: (warning: string) => void,
): void {
  const { path, entry } = target;
  for (const [name, value] of entry.xattrs) {
    if (isOverlayControl(name) || !KEPT.test(name)) {
      warn(`${showPath(path)}: extended attribute ${JSON.stringify(name)} left out`);
      continue;
    }
    if (Buffer.byteLength(name) > 255 || name.includes('\0') || value.length > MAX_VALUE) {
      throw badLayer('LAYER_BAD_XATTR', path, 'has an extended attribute that is larger than Linux allows');
    }
    setOne(tree, { path, entry, name, value }, warn);
  }
}

function setOne(
  tree: Tree,
  set: { path: RawPath; entry: TarEntry; name: string; value: Buffer },
  warn: (warning: string) => void,
): void {
  try {
    tree.setXattr(pathBytes(set.path), set.name, set.value);
  } catch (error) {
    const errno = errnoOf(error);
    const special = set.entry.type !== 'file' && set.entry.type !== 'directory';
    const harmless =
      errno === 'ENOTSUP' ||
      errno === 'EOPNOTSUPP' ||
      (errno === 'EPERM' && special && set.name.startsWith('user.'));
    if (harmless) warn(`${showPath(set.path)}: this filesystem does not take ${set.name}`);
    else if (errno === 'EINVAL' || errno === 'E2BIG' || errno === 'ERANGE') {
      throw badLayer(
        'LAYER_BAD_XATTR',
        set.path,
        `has a ${set.name} attribute the kernel refuses (${errno})`,
      );
    } else throw error;
  }
}
