import { badLayer, tooLarge } from '../layer-error.ts';
import { rawPath } from '../path/raw-path.ts';
import type { ByteSource } from '../stream/byte-source.ts';
import { entryFrom } from './entry-from-header.ts';
import { badHeader, type HeaderBlock, parseHeader } from './header-block.ts';
import { type PaxRecords, parsePax } from './pax-records.ts';
import { checkSparse, paxSparse, readGnuSparse, readPaxSparse } from './sparse-map.ts';
import { BLOCK, MAX_EXTENSION, MAX_LONG_NAME, type TarEntry, type TarLimits } from './tar-entry.ts';

/** What extension headers said about the member that follows them. */
interface Pending {
  pax: PaxRecords;
  longName?: Buffer;
  longLink?: Buffer;
}

/**
 * Reads tar: ustar, PAX, GNU and star, old and PAX sparse files. Where tars disagree it agrees with Go's
 * archive/tar, the reader that registries, scanners and other engines use: nothing can look different to them.
 *
 * - A PAX `size` replaces the header's, for the body too (CVE-2025-62518).
 * - Links, directories and nodes have no body, whatever their size field says.
 * - Global headers are checked and otherwise ignored.
 * - The archive ends at two zero blocks, or at the end of the stream between members.
 */
export class TarReader {
  readonly #source: ByteSource;
  readonly #limits: TarLimits;
  #entries = 0;
  /** Bytes of the current body not yet read, and of its padding. */
  #left = 0;
  #padding = 0;
  #name: Buffer = Buffer.alloc(0);

  constructor(source: ByteSource, limits: TarLimits) {
    this.#source = source;
    this.#limits = limits;
  }

  get entries(): number {
    return this.#entries;
  }

  /** The next member, `undefined` after the last; what was not read of the body before is passed over. */
  async next(): Promise<TarEntry | undefined> {
    await this.#finishBody();
    const pending: Pending = { pax: [] };
    for (;;) {
      const block = await this.#headerBlock();
      if (block === undefined) return undefined;
      if (++this.#entries > this.#limits.maxEntries) {
        throw tooLarge(`has more than the limit of ${this.#limits.maxEntries} entries`);
      }
      const header = parseHeader(block);
      if (!(await this.#extension(header, pending))) return this.#member(block, header, pending);
    }
  }

  /** All of a body that is known to be small, in one piece. Valid until the next call. */
  async readAll(): Promise<Buffer> {
    const bytes = await this.#source.take(this.#left);
    if (bytes.length < this.#left) throw this.#truncated();
    this.#left = 0;
    return bytes;
  }

  /** The next piece of the body, at most `max` bytes; empty at its end. Valid until the next call. */
  async read(max: number): Promise<Buffer> {
    if (this.#left === 0) return Buffer.alloc(0);
    const bytes = await this.#source.some(Math.min(max, this.#left));
    if (bytes.length === 0) throw this.#truncated();
    this.#left -= bytes.length;
    return bytes;
  }

  async #finishBody(): Promise<void> {
    if (this.#left > 0 && (await this.#source.skip(this.#left)) > 0) throw this.#truncated();
    // A stream may end without the last padding; Go accepts it too.
    if (this.#padding > 0) await this.#source.skip(this.#padding);
    this.#left = 0;
    this.#padding = 0;
  }

  async #headerBlock(): Promise<Buffer | undefined> {
    const block = await this.#block();
    if (block === undefined || block[0] !== 0 || !isZero(block)) return block;
    const second = await this.#block();
    if (second === undefined || isZero(second)) return undefined;
    throw badLayer('LAYER_BAD_HEADER', undefined, 'is damaged: a zero block in the middle');
  }

  async #block(): Promise<Buffer | undefined> {
    const block = await this.#source.take(BLOCK);
    if (block.length === BLOCK) return block;
    if (block.length === 0) return undefined;
    throw badLayer(
      'LAYER_TRUNCATED',
      undefined,
      `is cut off after ${this.#source.total} bytes, in the middle of a header`,
    );
  }

  /** Take in a PAX or GNU extension header. False: this header is a member. */
  async #extension(header: HeaderBlock, pending: Pending): Promise<boolean> {
    const type = header.typeflag;
    if (type === 'x' || type === 'X')
      pending.pax = parsePax(await this.#extensionBody(header, MAX_EXTENSION));
    else if (type === 'g') parsePax(await this.#extensionBody(header, MAX_EXTENSION));
    else if (type === 'L') pending.longName = cString(await this.#extensionBody(header, MAX_LONG_NAME));
    else if (type === 'K') pending.longLink = cString(await this.#extensionBody(header, MAX_LONG_NAME));
    else return false;
    return true;
  }

  async #extensionBody(header: HeaderBlock, max: number): Promise<Buffer> {
    this.#name = Buffer.from(header.name);
    if (header.size < 0 || header.size > max) {
      throw badHeader(header.name, `has an extended header of ${header.size} bytes; the limit is ${max}`);
    }
    this.#left = header.size;
    this.#padding = padding(header.size);
    const body = Buffer.from(await this.readAll());
    await this.#finishBody();
    return body;
  }

  async #member(block: Buffer, raw: HeaderBlock, pending: Pending): Promise<TarEntry> {
    // The block is a view of the window; names must outlive it.
    const header = { ...raw, name: Buffer.from(raw.name), linkName: Buffer.from(raw.linkName) };
    const { entry, physicalSize, sparse } = entryFrom(header, pending);
    this.#name = entry.name;
    this.#left = entry.type === 'file' || entry.type === 'other' ? physicalSize : 0;
    if (!(this.#left >= 0)) throw badHeader(entry.name, 'has a negative size');
    this.#padding = padding(this.#left);
    if (entry.type !== 'file') return entry;
    const full =
      sparse || header.typeflag === 'S'
        ? await this.#sparse(block, header, { entry, pax: pending.pax })
        : entry;
    if (!(full.size >= 0 && full.size <= this.#limits.maxFileSize)) {
      throw tooLarge(`is larger than the limit of ${this.#limits.maxFileSize} bytes`, rawPath(entry.name));
    }
    return full;
  }

  async #sparse(
    block: Buffer,
    header: HeaderBlock,
    from: { entry: TarEntry; pax: PaxRecords },
  ): Promise<TarEntry> {
    const { entry } = from;
    let regions = paxSparse(from.pax, entry.name);
    let realSize = entry.size;
    if (header.typeflag === 'S') {
      ({ regions, realSize } = await readGnuSparse(this.#source, block, entry.name));
    } else if (regions === undefined) {
      const read = await readPaxSparse(this.#source, this.#left, entry.name);
      this.#left -= read.mapSize;
      regions = read.regions;
    }
    checkSparse({ regions, realSize, dataSize: this.#left }, entry.name);
    return { ...entry, size: realSize, sparse: regions };
  }

  #truncated() {
    return badLayer(
      'LAYER_TRUNCATED',
      rawPath(this.#name),
      `is cut off: ${this.#left} bytes are missing at the end of the archive`,
    );
  }
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function isZero(block: Buffer): boolean {
  return block.equals(ZERO);
}

const ZERO = Buffer.alloc(BLOCK);

function cString(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}
