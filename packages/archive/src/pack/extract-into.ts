import { StrataError, type Tree } from '@strata/core';
import { unpackStream } from '../apply/apply-layer.ts';
import { createEntry, metaOf } from '../apply/create-entry.ts';
import { DirectoryTimes } from '../apply/directory-times.ts';
import { LayerRoot } from '../apply/layer-root.ts';
import { applyXattrs } from '../apply/xattrs.ts';
import { badLayer, writeFailure } from '../layer-error.ts';
import { cleanPath, joinPath, pathBytes, type RawPath, rawPath, showPath } from '../path/raw-path.ts';
import type { BlobSource } from '../stream/decompress.ts';
import { DEFAULT_LIMITS, type TarEntry, type TarLimits } from '../tar/tar-entry.ts';
import type { TarReader } from '../tar/tar-reader.ts';

export interface ExtractOptions {
  /** Directory inside the tree; links in it are followed inside the tree. It must exist. Default: the root. */
  readonly destination?: Uint8Array;
  /** Give everything to this owner instead of the archive's. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Refuse to replace a directory by something else, and the reverse (Docker's `noOverwriteDirNonDir`). */
  readonly keepKinds?: boolean;
  readonly limits?: Partial<TarLimits>;
  readonly signal?: AbortSignal;
}

/**
 * Unpack any tar (plain, gzip, zstd) below a directory of a tree, contained like chroot(2); nothing in it means a
 * deletion. Existing directories are merged, anything else is replaced. Hard links are looked up below `destination`.
 *
 * @throws as `applyLayer`; not-found `PATH_NOT_FOUND` when there is no such directory
 */
export async function extractInto(
  tree: Tree,
  source: BlobSource,
  options: ExtractOptions = {},
): Promise<{
  readonly diffId: string;
  readonly size: number;
  readonly entries: number;
  readonly warnings: readonly string[];
}> {
  const extraction = new Extraction(tree, options);
  const stream = await unpackStream(source, options, async (reader) => {
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      await extraction.apply(entry, reader);
    }
    extraction.finish();
  });
  return { ...stream, warnings: extraction.warnings };
}

class Extraction {
  readonly warnings: string[] = [];
  readonly #root: LayerRoot;
  readonly #options: ExtractOptions;
  readonly #destination: RawPath;
  readonly #times = new DirectoryTimes();

  constructor(tree: Tree, options: ExtractOptions) {
    this.#options = options;
    this.#root = new LayerRoot(tree, {
      mode: 'plain',
      maxImplied: options.limits?.maxEntries ?? DEFAULT_LIMITS.maxEntries,
    });
    const asked = cleanPath(rawPath(options.destination ?? Buffer.alloc(0)));
    if (asked !== '' && tree.stat(pathBytes(asked))?.type !== 'directory') {
      throw new StrataError('not-found', 'PATH_NOT_FOUND', `There is no directory ${showPath(`/${asked}`)}`);
    }
    this.#destination = asked === '' ? '' : cleanPath(rawPath(tree.realpath(pathBytes(asked))));
  }

  async apply(found: TarEntry, reader: TarReader): Promise<void> {
    const name = rawPath(found.name);
    try {
      const entry = this.#relocated(found);
      const cleaned = cleanPath(name);
      if (cleaned !== '' && entry.type !== 'other') await this.#create(entry, cleaned, reader);
      else if (entry.type !== 'directory') this.#warn(`${showPath(name)}: left out`);
    } catch (error) {
      throw writeFailure(error, name);
    }
  }

  finish(): void {
    const { tree } = this.#root;
    this.#times.apply(
      tree,
      (path) => !this.#root.replaced || tree.lstat(pathBytes(path))?.type === 'directory',
    );
  }

  async #create(entry: TarEntry, name: RawPath, reader: TarReader): Promise<void> {
    const path = this.#root.place(joinPath(this.#destination, name));
    const meta = { ...metaOf(entry, name), ...this.#options.owner };
    if (this.#options.keepKinds === true) this.#checkKind(entry, path);
    await createEntry(this.#root, reader, { entry, path, meta });
    if (entry.type === 'hardlink') return;
    if (entry.xattrs.size > 0) applyXattrs(this.#root.tree, { path, entry }, this.#warn);
    if (entry.type === 'directory') this.#times.add(path, meta.mtimeNs);
  }

  #relocated(entry: TarEntry): TarEntry {
    if (entry.type !== 'hardlink' || this.#destination === '') return entry;
    return { ...entry, linkName: pathBytes(joinPath(this.#destination, cleanPath(rawPath(entry.linkName)))) };
  }

  #checkKind(entry: TarEntry, path: RawPath): void {
    const there = this.#root.tree.lstat(pathBytes(path));
    if (there === undefined || (there.type === 'directory') === (entry.type === 'directory')) return;
    const sentence =
      entry.type === 'directory'
        ? 'is a directory, and would replace what is none'
        : 'would replace a directory';
    throw badLayer('COPY_KIND_CONFLICT', path, sentence);
  }

  readonly #warn = (warning: string): void => {
    if (this.warnings.length < 100) this.warnings.push(warning);
  };
}
