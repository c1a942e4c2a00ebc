import { createHash } from 'node:crypto';
import type { Descriptor, Digest, Platform } from '@strata/core';

/** What the engine remembers of a complete image, so that nothing but unpacking reads its documents again. */
export interface ImageRecord {
  readonly manifest: Descriptor;
  /** Its digest is the image id. */
  readonly config: Descriptor;
  readonly created: Date | undefined;
  readonly platform: Platform;
  readonly labels: Readonly<Record<string, string>>;
  /** Bottom first. */
  readonly layers: readonly ImageLayer[];
}

export interface ImageLayer {
  readonly blob: Descriptor;
  readonly diffId: Digest;
  readonly chainId: Digest;
}

/** OCI image-spec config.md "Layer ChainID": the digest of a stack, bottom first. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chains: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chains.at(-1);
    chains.push(below === undefined ? diffId : hash(`${below} ${diffId}`));
  }
  return chains;
}

export function imageLayers(blobs: readonly Descriptor[], diffIds: readonly Digest[]): ImageLayer[] {
  const chains = chainIds(diffIds);
  return blobs.map((blob, index) => ({ blob, diffId: diffIds[index]!, chainId: chains[index]! }));
}

function hash(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
