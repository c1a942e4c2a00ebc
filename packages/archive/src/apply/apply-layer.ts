import { type Inflater, StrataError, type Tree } from '@strata/core';
import { badLayer, writeFailure } from '../layer-error.ts';
import { cleanPath, pathBytes, type RawPath, showPath } from '../path/raw-path.ts';
import { ByteSource } from '../stream/byte-source.ts';
import { type BlobSource, blobBytes, decompressed } from '../stream/decompress.ts';
import { DEFAULT_LIMITS, type TarEntry, type TarLimits } from '../tar/tar-entry.ts';
import { TarReader } from '../tar/tar-reader.ts';
import { createEntry, forgetXattrs, metaOf } from './create-entry.ts';
import { DirectoryTimes } from './directory-times.ts';
import { LayerRoot } from './layer-root.ts';
import type { Unsettled } from './settle-layer.ts';
import { markerOf, Whiteouts } from './whiteouts.ts';
import { applyXattrs } from './xattrs.ts';

export interface ApplyProgress {
  /** Bytes of the blob read so far. */
  readonly read: number;
  /** Bytes of the uncompressed archive so far. */
  readonly unpacked: number;
}

export interface ApplyOptions {
  /** As `UnpackTarget.whiteouts`: `overlay` records them in an empty directory, `execute` deletes in the parents' tree. */
  readonly whiteouts: 'overlay' | 'execute';
  /** Of the blob; the first bytes have the last word. */
  readonly mediaType?: string | undefined;
  readonly limits?: Partial<TarLimits>;
  /**
   * Overlay only: the layers below, nearest first, `[]` for a base layer. Directories the layer does not announce get
   * their metadata from there. Without them see {@link AppliedLayer.unsettled} and LAYER_NEEDS_PARENTS.
   */
  readonly parents?: readonly Tree[] | undefined;
  /** Undo gzip on this thread, with one that is new; default: beside it. */
  readonly inflater?: Inflater | undefined;
  readonly onProgress?: ((progress: ApplyProgress) => void) | undefined;
  readonly signal?: AbortSignal;
}

export interface AppliedLayer {
  /** `sha256:…` of the whole uncompressed stream. */
  readonly diffId: string;
  /** Length of the whole uncompressed stream in bytes. */
  readonly size: number;
  readonly entries: number;
  /** Overlay without `parents`: give it to `settleLayer` once the parents are there. */
  readonly unsettled: Unsettled;
  /** What was left out, for the debug log; at most a hundred. */
  readonly warnings: readonly string[];
}

/**
 * Unpack one layer blob into a tree (OCI image-spec layer.md "Applying Changesets"), with the result containerd gives
 * on overlay, in both whiteout modes. Nothing outside the tree is touched whatever the layer holds. The tree is left half
 * made when it fails; the caller throws it away.
 *
 * @throws invalid-argument: `LAYER_BAD_*`, `LAYER_TRUNCATED` when the archive is not sound; resource-exhausted:
 *   `LAYER_TOO_LARGE`, `LAYER_NO_SPACE`; failed-precondition `LAYER_NEEDS_PARENTS`; aborted
 */
export async function applyLayer(
  source: BlobSource,
  tree: Tree,
  options: ApplyOptions,
): Promise<AppliedLayer> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const root = new LayerRoot(tree, {
    mode: options.whiteouts,
    parents: options.parents,
    maxImplied: limits.maxEntries,
  });
  const layer = new LayerApplication(root);
  const stream = await unpackStream(source, options, async (reader) => {
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      await layer.apply(entry, reader);
    }
    layer.finish();
  });
  return { ...stream, unsettled: layer.unsettled, warnings: layer.warnings };
}

/** Open, decompress, hash and hand to `use`; then read to the very end. */
export async function unpackStream(
  source: BlobSource,
  options: Pick<ApplyOptions, 'limits' | 'mediaType' | 'inflater' | 'onProgress' | 'signal'>,
  use: (reader: TarReader) => Promise<void>,
): Promise<{ diffId: string; size: number; entries: number }> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  let read = 0;
  const blob = blobBytes(source, {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onRead: (bytes) => {
      read += bytes;
    },
  });
  const plain = decompressed(blob, options.mediaType, options.inflater);
  const bytes = new ByteSource(plain, limits.maxBytes, (unpacked) => {
    if (options.signal?.aborted === true) throw new StrataError('aborted', 'ABORTED', 'Cancelled');
    options.onProgress?.({ read, unpacked });
  });
  try {
    const reader = new TarReader(bytes, limits);
    await use(reader);
    await bytes.drain();
    return { diffId: bytes.digest(), size: bytes.total, entries: reader.entries };
  } finally {
    await bytes.close();
  }
}

class LayerApplication {
  readonly warnings: string[] = [];
  unsettled: Unsettled = { implied: [], whitedOut: [] };
  readonly #root: LayerRoot;
  readonly #whiteouts: Whiteouts;
  readonly #times = new DirectoryTimes();
  #rootSeen = false;

  constructor(root: LayerRoot) {
    this.#root = root;
    this.#whiteouts = new Whiteouts(root);
  }

  async apply(entry: TarEntry, reader: TarReader): Promise<void> {
    const name = entry.name.toString('latin1');
    try {
      await this.#applyCleaned(entry, cleanPath(name), reader);
    } catch (error) {
      throw writeFailure(error, name);
    }
  }

  finish(): void {
    if (this.#root.mode === 'overlay' && !this.#rootSeen) this.#root.implied.push('');
    this.unsettled = this.#whiteouts.finish();
    this.#times.apply(this.#root.tree, (path) => !this.#root.replaced || this.#isDirectory(path));
  }

  async #applyCleaned(entry: TarEntry, name: RawPath, reader: TarReader): Promise<void> {
    if (name === '') return this.#applyRoot(entry);
    const marker = markerOf(name);
    if (marker === 'whiteout') return this.#whiteouts.whiteout(name);
    if (marker === 'opaque') return this.#whiteouts.opaque(name);
    if (marker === 'ignore') return this.#warn(`${showPath(name)}: aufs metadata left out`);
    if (entry.type === 'other') return this.#warn(`${showPath(name)}: entry of an unknown type left out`);
    const meta = metaOf(entry, name);
    const path = this.#root.place(name);
    await createEntry(this.#root, reader, { entry, path, meta });
    if (entry.type === 'hardlink') return;
    if (entry.xattrs.size > 0) applyXattrs(this.#root.tree, { path, entry }, this.#warn);
    if (entry.type === 'directory') this.#times.add(path, meta.mtimeNs);
  }

  /** `/`, `.`, `./`: only its metadata can change. */
  #applyRoot(entry: TarEntry): void {
    if (entry.type !== 'directory') {
      throw badLayer('LAYER_BAD_ROOT', entry.name.toString('latin1'), 'would replace the root directory');
    }
    this.#rootSeen = true;
    const { tree, mode } = this.#root;
    const root = pathBytes('');
    const meta = metaOf(entry, '/');
    if (mode === 'execute' && !this.#root.isOurs('')) forgetXattrs(this.#root, root);
    this.#root.touch('');
    tree.chown(root, meta.uid, meta.gid);
    tree.chmod(root, meta.mode);
    applyXattrs(tree, { path: '', entry }, this.#warn);
    this.#times.add('', meta.mtimeNs);
  }

  #isDirectory(path: RawPath): boolean {
    if (path === '') return true;
    return this.#root.find(path) === path && this.#root.tree.lstat(pathBytes(path))?.type === 'directory';
  }

  readonly #warn = (warning: string): void => {
    if (this.warnings.length < 100) this.warnings.push(warning);
  };
}
