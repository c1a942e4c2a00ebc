import { randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@strata/core';
import { isDigest, StrataError } from '@strata/core';

/**
 * On disk, below the driver's root:
 *
 * ```
 * blobs/sha256/<hex>         complete blobs, as in an OCI image layout
 * ingest/sha256-<hex>        a blob on its way; resumable
 * ingest/new-<random>        a blob whose digest is not known yet; not resumable
 * ingest/<name>.lock         flock(2)ed by its writer
 * images.db                  references, and the index of blobs
 * ```
 *
 * The lock file of a digest stays when its writer leaves: were it unlinked, one process could lock the old inode and
 * another a new one. It goes with the ingest's publication, when whoever still waits for it finds the blob.
 */
export class LocalLayout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get database(): string {
    return join(this.root, 'images.db');
  }

  get ingests(): string {
    return join(this.root, 'ingest');
  }

  /** @throws invalid-argument: nothing but a digest ever becomes part of a path */
  blob(digest: Digest): string {
    const { algorithm, hex } = parts(digest);
    return join(this.root, 'blobs', algorithm, hex);
  }

  blobDirectory(digest: Digest): string {
    return join(this.root, 'blobs', parts(digest).algorithm);
  }

  ingestName(digest: Digest | undefined): string {
    if (digest === undefined) return `new-${randomBytes(12).toString('hex')}`;
    const { algorithm, hex } = parts(digest);
    return `${algorithm}-${hex}`;
  }

  ingest(name: string): string {
    return join(this.ingests, name);
  }

  ingestLock(name: string): string {
    return join(this.ingests, `${name}.lock`);
  }

  async create(): Promise<void> {
    for (const path of ['blobs/sha256', 'blobs/sha512', 'ingest']) {
      await mkdir(join(this.root, path), { recursive: true, mode: 0o700 });
    }
  }
}

function parts(digest: Digest): { readonly algorithm: string; readonly hex: string } {
  if (!isDigest(digest)) {
    throw new StrataError(
      'invalid-argument',
      'DIGEST_INVALID',
      `invalid digest '${String(digest).slice(0, 150)}'`,
    );
  }
  return { algorithm: digest.slice(0, 6), hex: digest.slice(7) };
}

/** The digest in the name of an ingest, if it has one. */
export function digestOfIngest(name: string): Digest | undefined {
  const digest = name.replace('-', ':');
  return isDigest(digest) ? digest : undefined;
}

/** Make entries of a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
