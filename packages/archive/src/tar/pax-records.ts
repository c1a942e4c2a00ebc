import { badLayer } from '../layer-error.ts';

/** Records of a PAX extended header, in order (`GNU.sparse` 0.0 repeats keys). Keys are latin1, values raw. */
export type PaxRecords = readonly (readonly [key: string, value: Buffer])[];

/** Keys that end up in C strings: a NUL would cut them short there, and only there. */
const NUL_FREE = new Set(['path', 'linkpath', 'uname', 'gname', 'GNU.sparse.name']);

/** `"%d %s=%s\n"` (POSIX.1-2024 pax, "pax Header Block"); lengths must be exact. */
export function parsePax(block: Buffer): PaxRecords {
  const records: [string, Buffer][] = [];
  for (let at = 0; at < block.length; ) {
    // Some writers fill the rest of the block with NULs and count them.
    if (block[at] === 0 && block.subarray(at).every((byte) => byte === 0)) break;
    const space = block.indexOf(0x20, at);
    const digits = space === -1 ? '' : block.toString('latin1', at, Math.min(space, at + 8));
    const length = /^[1-9][0-9]{0,6}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = block.indexOf(0x3d, space);
    if (length === 0 || end > block.length || block[end - 1] !== 0x0a || equals === -1 || equals >= end - 1) {
      throw malformed('a PAX record has a wrong length');
    }
    const key = block.toString('latin1', space + 1, equals);
    const value = block.subarray(equals + 1, end - 1);
    if (key === '' || key.includes('\0')) throw malformed('a PAX record has no proper key');
    if (NUL_FREE.has(key) && value.includes(0)) throw malformed(`the PAX record '${key}' contains a NUL`);
    records.push([key, value]);
    at = end;
  }
  return records;
}

/** A decimal integer of a PAX record. */
export function paxInteger(value: Buffer, key: string): number {
  const text = value.toString('latin1');
  const number = /^-?[0-9]{1,19}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw malformed(`the PAX record '${key}' is not a number in range`);
  return number;
}

/** Seconds with an optional fraction; digits after the ninth are cut. */
export function paxTime(value: Buffer, key: string): bigint {
  const match = /^(-?)([0-9]{1,19})(?:\.([0-9]*))?$/.exec(value.toString('latin1'));
  if (match === null) throw malformed(`the PAX record '${key}' is not a time`);
  const ns = BigInt(match[2]!) * 1_000_000_000n + BigInt((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  return match[1] === '-' ? -ns : ns;
}

function malformed(reason: string) {
  return badLayer('LAYER_BAD_HEADER', undefined, `is damaged: ${reason}`);
}
