import { badLayer } from '../layer-error.ts';
import { rawPath } from '../path/raw-path.ts';
import { BLOCK } from './tar-entry.ts';

/** The fields of one 512-byte header, before any PAX or GNU extension. */
export interface HeaderBlock {
  readonly name: Buffer;
  readonly linkName: Buffer;
  readonly typeflag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
  readonly gnu: boolean;
}

/** POSIX ustar, GNU, star and V7 headers, told apart as Go's archive/tar does. The block is kept only by reference. */
export function parseHeader(block: Buffer): HeaderBlock {
  const name = text(block, 0, 100);
  verifyChecksum(block, name);
  const magic = block.toString('latin1', 257, 265);
  const gnu = magic === 'ustar  \0';
  const extended = gnu || magic.startsWith('ustar\0');
  const number = (start: number, length: number) => parseNumber(block, start, length, name);
  return {
    name: extended ? withPrefix(block, name, gnu) : name,
    linkName: text(block, 157, 100),
    typeflag: String.fromCharCode(block[156]!),
    mode: number(100, 8),
    uid: number(108, 8),
    gid: number(116, 8),
    size: number(124, 12),
    mtime: number(136, 12),
    major: extended ? number(329, 8) : 0,
    minor: extended ? number(337, 8) : 0,
    gnu,
  };
}

function withPrefix(block: Buffer, name: Buffer, gnu: boolean): Buffer {
  if (block[345] === 0) return name;
  const star = block.toString('latin1', 508, 512) === 'tar\0';
  // GNU keeps atime and ctime here. Writers of old (Go before 1.8) left a ustar prefix under GNU's magic.
  if (gnu && /^(?:[0-7 ]{1,12}\0*|[\x80-\xff].*)$/s.test(block.toString('latin1', 345, 357))) return name;
  const prefix = text(block, 345, star ? 131 : 155);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

/** Up to the first NUL. */
function text(block: Buffer, start: number, length: number): Buffer {
  const end = block.indexOf(0, start);
  return block.subarray(start, end === -1 || end > start + length ? start + length : end);
}

/** Octal, or base-256 when the first bit is set (GNU); two's complement. */
export function parseNumber(block: Buffer, start: number, length: number, entry: Buffer): number {
  const end = start + length;
  if ((block[start]! & 0x80) !== 0) return parseBinary(block, start, end, entry);
  let at = start;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  while (at < end && block[at] === 0x20) at++;
  if (at < end && block[at] !== 0) throw badHeader(entry, 'has a number that is not octal');
  return value;
}

function parseBinary(block: Buffer, start: number, end: number, entry: Buffer): number {
  const negative = (block[start]! & 0x40) !== 0;
  let value = negative ? (block[start]! | 0x80) - 0x100 : block[start]! & 0x7f;
  for (let at = start + 1; at < end; at++) value = value * 256 + block[at]!;
  if (!Number.isSafeInteger(value)) throw badHeader(entry, 'has a number that is out of range');
  return value;
}

/** Sum of all bytes with the field itself as spaces; some old writers summed signed bytes. */
function verifyChecksum(block: Buffer, name: Buffer): void {
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let i = 0; i < BLOCK; i++) {
    if (i === 148) i = 156;
    const byte = block[i]!;
    unsigned += byte;
    high += byte >> 7;
  }
  const stored = parseNumber(block, 148, 8, name);
  if (stored !== unsigned && stored !== unsigned - 256 * high) {
    throw badLayer(
      'LAYER_BAD_HEADER',
      undefined,
      'is not a tar archive, or is damaged: a header has a wrong checksum',
    );
  }
}

export function badHeader(entry: Buffer, sentence: string) {
  return badLayer('LAYER_BAD_HEADER', rawPath(entry), sentence);
}
