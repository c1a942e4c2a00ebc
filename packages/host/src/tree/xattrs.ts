import { errnoOf } from '@strata/core';
import { native } from '../native.ts';

function names(dirfd: number, name: Uint8Array): string[] {
  try {
    const list = native().listXattr(dirfd, name);
    return list.length === 0 ? [] : list.toString('utf8', 0, list.length - 1).split('\0');
  } catch (error) {
    if (errnoOf(error) === 'ENOTSUP') return [];
    throw error;
  }
}

/** All attributes of a name (`''`: of the descriptor itself). One that vanishes in between is left out. */
export function readXattrs(dirfd: number, name: Uint8Array): Map<string, Buffer> {
  const attributes = new Map<string, Buffer>();
  for (const attribute of names(dirfd, name)) {
    try {
      attributes.set(attribute, native().getXattr(dirfd, name, attribute));
    } catch (error) {
      if (errnoOf(error) !== 'ENODATA') throw error;
    }
  }
  return attributes;
}
