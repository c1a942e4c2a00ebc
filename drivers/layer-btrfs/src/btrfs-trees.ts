/**
 * What subvolumes hold, read from the trees of the filesystem by their numbers (ioctl(2) of linux/btrfs.h, items of
 * linux/btrfs_tree.h): no path is looked up inside a container's tree, and the cost grows with what is new.
 */
import { setImmediate } from 'node:timers/promises';
import type { Files, LayerUsage } from '@strata/core';

/** BTRFS_IOC_INO_LOOKUP: from a directory to its subvolume. */
const INO_LOOKUP = 0xd0009412;
const FIRST_INODE = 256n;
/** BTRFS_IOC_TREE_SEARCH_V2: a key, the size of the buffer, and the buffer. */
const TREE_SEARCH = 0xc0709411;
const KEY_BYTES = 104;
const BUFFER = KEY_BYTES + 8;
const BUFFER_BYTES = 256 * 1024;
const HEADER_BYTES = 32;
const TREE_OF_ROOTS = 1n;
const MAX = 2n ** 64n - 1n;

const EXTENT_DATA = 108;
const ROOT_ITEM = 132;
/** From a subvolume to one that lies in it; the offset is its number. */
const ROOT_REF = 156;

/** Of btrfs_root_item: the transaction it was made in. */
const OTRANSID = 303;
/** Of btrfs_file_extent_item. */
const [GENERATION, RAM_BYTES, TYPE, DISK_START, DISK_OFFSET, LENGTH] = [0, 8, 20, 21, 37, 45];
const INLINE = 0;

interface Item {
  readonly objectid: bigint;
  readonly type: number;
  readonly offset: bigint;
  readonly data: DataView;
}

interface Range {
  readonly tree: bigint;
  readonly objectid?: bigint;
  readonly type: number;
  /** Leaves that were written before this transaction are passed over. */
  readonly since?: bigint;
}

export class BtrfsTrees {
  readonly #files: Files;
  /** Any directory of the filesystem. */
  readonly #root: string;

  constructor(files: Files, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /**
   * Data of a subvolume, and of those nested in it at any depth, that was written after the subvolume was made (`all`:
   * whenever). What several of them share counts once. `stop` throws to give up.
   */
  async written(path: string, all: boolean, stop: () => void): Promise<LayerUsage> {
    await this.#files.syncfs(path);
    const own = this.#treeOf(path);
    // A snapshot is made at the end of a transaction, so its own data is newer than that, and its parent's is not.
    const since = all ? 0n : (await this.#madeIn(own)) + 1n;
    const trees = await this.#withNested(own);
    const seen = trees.length > 1 ? new Set<bigint>() : undefined;
    let [bytes, inodes] = [0, 0];
    for (const tree of trees) {
      let last: bigint | undefined;
      for await (const { objectid, data } of this.#items({ tree, type: EXTENT_DATA, since }, stop)) {
        const length = newBytes(data, since, seen);
        if (length === undefined) continue;
        bytes += length;
        if (objectid !== last) inodes += 1;
        last = objectid;
      }
    }
    return { bytes, inodes };
  }

  async #withNested(top: bigint): Promise<readonly bigint[]> {
    const trees = [top];
    for (const objectid of trees)
      for await (const { offset } of this.#items({ tree: TREE_OF_ROOTS, objectid, type: ROOT_REF }))
        trees.push(offset);
    return trees;
  }

  #treeOf(path: string): bigint {
    const argument = new BigUint64Array(512);
    argument[1] = FIRST_INODE;
    this.#files.ioctl(path, INO_LOOKUP, new Uint8Array(argument.buffer));
    return argument[0]!;
  }

  async #madeIn(tree: bigint): Promise<bigint> {
    for await (const { data } of this.#items({ tree: TREE_OF_ROOTS, objectid: tree, type: ROOT_ITEM }))
      return data.getBigUint64(OTRANSID, true);
    return 0n;
  }

  async *#items(range: Range, stop = () => {}): AsyncGenerator<Item> {
    const { tree, objectid, type, since = 0n } = range;
    const buffer = new ArrayBuffer(BUFFER + BUFFER_BYTES);
    const key = new DataView(buffer);
    const words = [tree, objectid ?? 0n, objectid ?? MAX, 0n, MAX, since, MAX];
    for (const [n, word] of words.entries()) key.setBigUint64(n * 8, word, true);
    key.setUint32(56, type, true);
    key.setUint32(60, type, true);
    key.setBigUint64(KEY_BYTES, BigInt(BUFFER_BYTES), true);
    for (;;) {
      key.setUint32(64, 0xffff_ffff, true);
      this.#files.ioctl(this.#root, TREE_SEARCH, new Uint8Array(buffer));
      const found = key.getUint32(64, true);
      if (found === 0) return;
      const items = parse(buffer, found);
      // Keys between the first and the last are all found, of whatever type.
      for (const item of items) if (item.type === type) yield item;
      const last = items.at(-1)!;
      if (last.offset === MAX) return;
      key.setBigUint64(8, last.objectid, true);
      key.setUint32(56, last.type, true);
      key.setBigUint64(24, last.offset + 1n, true);
      stop();
      await setImmediate();
    }
  }
}

function parse(buffer: ArrayBuffer, count: number): Item[] {
  const items: Item[] = [];
  for (let at = BUFFER; items.length < count; ) {
    const header = new DataView(buffer, at, HEADER_BYTES);
    const length = header.getUint32(28, true);
    items.push({
      objectid: header.getBigUint64(8, true),
      offset: header.getBigUint64(16, true),
      type: header.getUint32(24, true),
      data: new DataView(buffer, at + HEADER_BYTES, length),
    });
    at += HEADER_BYTES + length;
  }
  return items;
}

/** `undefined` for an extent that is older, a hole, or seen before. */
function newBytes(extent: DataView, since: bigint, seen: Set<bigint> | undefined): number | undefined {
  if (extent.getBigUint64(GENERATION, true) < since) return undefined;
  if (extent.getUint8(TYPE) === INLINE) return Number(extent.getBigUint64(RAM_BYTES, true));
  const disk = extent.getBigUint64(DISK_START, true);
  if (disk === 0n) return undefined;
  const start = disk + extent.getBigUint64(DISK_OFFSET, true);
  if (seen?.has(start)) return undefined;
  seen?.add(start);
  return Number(extent.getBigUint64(LENGTH, true));
}
