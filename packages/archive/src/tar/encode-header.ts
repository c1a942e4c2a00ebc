import { BLOCK, type TarEntryType } from './tar-entry.ts';

/** A member to write. */
export interface TarHeader {
  /** Directories end in `/`. */
  readonly name: Buffer;
  readonly type: Exclude<TarEntryType, 'other'>;
  readonly linkName?: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs?: ReadonlyMap<string, Buffer>;
}

const FLAGS: Readonly<Record<TarHeader['type'], string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

const MAX_7 = 0o7777777;
const MAX_11 = 0o77777777777;
const SECOND = 1_000_000_000n;

/**
 * ustar (POSIX.1-1988), with a PAX header before it only for what ustar cannot hold: long names, large numbers,
 * nanoseconds, attributes. No user or group names, no atime or ctime: the same entry is the same bytes anywhere.
 */
export function encodeHeader(header: TarHeader): Buffer {
  const pax = new Map<string, Buffer>();
  const split = splitName(header.name);
  if (split === undefined) pax.set('path', header.name);
  const link = header.linkName ?? Buffer.alloc(0);
  if (link.length > 100) pax.set('linkpath', link);
  const uid = fits(pax, { key: 'uid', value: header.uid, max: MAX_7 });
  const gid = fits(pax, { key: 'gid', value: header.gid, max: MAX_7 });
  const size = fits(pax, { key: 'size', value: header.size, max: MAX_11 });
  const mtime = paxMtime(pax, header.mtimeNs);
  for (const [name, value] of header.xattrs ?? []) pax.set(`SCHILY.xattr.${name}`, value);
  const block = encodeBlock({
    ...(split ?? { prefix: Buffer.alloc(0), name: header.name.subarray(0, 100) }),
    link: link.subarray(0, 100),
    flag: FLAGS[header.type],
    numbers: { mode: header.mode, uid, gid, size, mtime, major: header.major ?? 0, minor: header.minor ?? 0 },
  });
  return pax.size === 0 ? block : Buffer.concat([encodePax(pax, header.name), block]);
}

function fits(pax: Map<string, Buffer>, field: { key: string; value: number; max: number }): number {
  if (field.value <= field.max) return field.value;
  pax.set(field.key, Buffer.from(String(field.value)));
  return 0;
}

function paxMtime(pax: Map<string, Buffer>, ns: bigint): number {
  const seconds = ns / SECOND;
  const inField = ns >= 0n && seconds <= BigInt(MAX_11);
  if (inField && ns % SECOND === 0n) return Number(seconds);
  const absolute = ns < 0n ? -ns : ns;
  const fraction = (absolute % SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  const text = `${ns < 0n ? '-' : ''}${absolute / SECOND}${fraction === '' ? '' : `.${fraction}`}`;
  pax.set('mtime', Buffer.from(text));
  return inField ? Number(seconds) : 0;
}

/** ustar holds 100 bytes of name after 155 of directory. */
function splitName(name: Buffer): { prefix: Buffer; name: Buffer } | undefined {
  if (name.length <= 100) return { prefix: Buffer.alloc(0), name };
  if (name.length > 256) return undefined;
  const slash = name.subarray(0, Math.min(156, name.length - 1)).lastIndexOf(0x2f);
  if (slash <= 0 || name.length - slash - 1 > 100) return undefined;
  return { prefix: name.subarray(0, slash), name: name.subarray(slash + 1) };
}

interface Block {
  readonly prefix: Buffer;
  readonly name: Buffer;
  readonly link: Buffer;
  readonly flag: string;
  readonly numbers: Readonly<Record<'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'major' | 'minor', number>>;
}

function encodeBlock({ prefix, name, link, flag, numbers }: Block): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, '0'), at, digits, 'latin1');
  name.copy(block, 0);
  octal(numbers.mode, 100, 7);
  octal(numbers.uid, 108, 7);
  octal(numbers.gid, 116, 7);
  octal(numbers.size, 124, 11);
  octal(numbers.mtime, 136, 11);
  block.write(`        ${flag}`, 148, 'latin1');
  link.copy(block, 157);
  block.write('ustar\x0000', 257, 'latin1');
  octal(numbers.major, 329, 7);
  octal(numbers.minor, 337, 7);
  prefix.copy(block, 345);
  let sum = 0;
  for (const byte of block) sum += byte;
  octal(sum, 148, 6);
  block[154] = 0;
  return block;
}

function encodePax(records: ReadonlyMap<string, Buffer>, name: Buffer): Buffer {
  const lines = [...records.keys()].sort().map((key) => paxLine(Buffer.from(key), records.get(key)!));
  const body = Buffer.concat(lines);
  const base = name.toString('latin1').replace(/\/+$/, '').replace(/^.*\//s, '').slice(0, 80);
  const header = encodeBlock({
    prefix: Buffer.alloc(0),
    name: Buffer.from(`PaxHeaders.0/${base}`, 'latin1'),
    link: Buffer.alloc(0),
    flag: 'x',
    numbers: { mode: 0, uid: 0, gid: 0, size: body.length, mtime: 0, major: 0, minor: 0 },
  });
  return Buffer.concat([header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}

/** A record counts itself, its own length's digits included. */
function paxLine(key: Buffer, value: Buffer): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} `), key, Buffer.from('='), value, Buffer.from('\n')]);
}
