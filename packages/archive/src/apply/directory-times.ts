import type { Tree } from '@strata/core';
import type { RawPath } from '../path/raw-path.ts';

const PAGE = 2 ** 16;

/** Modification times of directories, kept until nothing is made in them any more; about 10 bytes each over the path. */
export class DirectoryTimes {
  readonly #pages: Buffer[] = [];
  #used = PAGE;

  add(path: RawPath, mtimeNs: bigint): void {
    const length = 10 + path.length;
    if (this.#used + length > PAGE) {
      if (this.#pages.length > 0) this.#pages.at(-1)!.fill(0xff, this.#used, Math.min(this.#used + 2, PAGE));
      this.#pages.push(Buffer.allocUnsafe(PAGE));
      this.#used = 0;
    }
    const page = this.#pages.at(-1)!;
    page.writeUInt16LE(path.length, this.#used);
    page.writeBigInt64LE(mtimeNs, this.#used + 2);
    page.write(path, this.#used + 10, 'latin1');
    this.#used += length;
  }

  /** Set them, in the order they were added, where `valid` still finds the directory. */
  apply(tree: Tree, valid: (path: RawPath) => boolean): void {
    for (const [i, page] of this.#pages.entries()) {
      const end = i === this.#pages.length - 1 ? this.#used : PAGE;
      for (let at = 0; at + 10 <= end; ) {
        const length = page.readUInt16LE(at);
        if (length === 0xffff) break;
        const path = page.subarray(at + 10, at + 10 + length);
        if (valid(path.toString('latin1'))) tree.utimes(path, page.readBigInt64LE(at + 2));
        at += 10 + length;
      }
    }
  }
}
