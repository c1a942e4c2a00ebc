import type { BlobInfo } from '@strata/core';
import { badArchive } from './archive-error.ts';

const maxLinks = 8;

/**
 * What a tar held, by cleaned member name: documents in memory, everything else already a blob of the store. Links
 * are names of other members and never leave the archive.
 */
export class ArchiveContents {
  readonly documents = new Map<string, Buffer>();
  readonly blobs = new Map<string, BlobInfo>();
  readonly links = new Map<string, string>();
  /** Blobs this archive brought; those that no image uses are dropped again. */
  readonly added = new Set<BlobInfo>();

  /** The name a member goes by after its links. @throws invalid-argument `ARCHIVE_INVALID` */
  resolve(name: string): string {
    let current = cleanName(name);
    for (let hops = 0; hops < maxLinks; hops++) {
      const target = this.links.get(current);
      if (target === undefined) return current;
      current = target;
    }
    throw badArchive(`the links of '${name}' lead nowhere`);
  }

  document(name: string): Buffer | undefined {
    return this.documents.get(this.resolve(name));
  }

  blob(name: string): BlobInfo | undefined {
    return this.blobs.get(this.resolve(name));
  }
}

/** `./a//b/` is `a/b`. @throws invalid-argument when it would leave the archive */
export function cleanName(name: string): string {
  if (name.includes('\0') || name.length > 4096) throw badArchive('a member has an impossible name');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..'))
    throw badArchive(`the name '${printableName(name)}' leads out of it`);
  return parts.join('/');
}

/** Where a symbolic link in the archive points, as a member name. @throws invalid-argument when outside */
export function linkTarget(member: string, target: string): string {
  if (target.startsWith('/') || target.includes('\0'))
    throw badArchive(`the link '${printableName(member)}' leads out of it`);
  const parts = member.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined)
      throw badArchive(`the link '${printableName(member)}' leads out of it`);
  }
  return parts.join('/');
}

function printableName(name: string): string {
  return JSON.stringify(name.slice(0, 200)).slice(1, -1);
}
