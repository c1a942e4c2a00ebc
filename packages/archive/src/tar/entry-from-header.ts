import type { HeaderBlock } from './header-block.ts';
import { badHeader } from './header-block.ts';
import { type PaxRecords, paxInteger, paxTime } from './pax-records.ts';
import type { TarEntry, TarEntryType } from './tar-entry.ts';

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

interface Overrides {
  name: Buffer;
  linkName: Buffer;
  uid: number;
  gid: number;
  /** Bytes in the archive. */
  size: number;
  /** Bytes of a sparse file when unpacked. */
  realSize: number | undefined;
  mtimeNs: bigint;
  xattrs: Map<string, Buffer> | undefined;
  sparse: boolean;
}

/** A header and what its extension headers override, as one entry. GNU long names win over PAX ones, as in Go. */
export function entryFrom(
  header: HeaderBlock,
  extension: { readonly pax: PaxRecords; readonly longName?: Buffer; readonly longLink?: Buffer },
): { entry: TarEntry; physicalSize: number; sparse: boolean } {
  const o: Overrides = {
    name: header.name,
    linkName: header.linkName,
    uid: header.uid,
    gid: header.gid,
    size: header.size,
    realSize: undefined,
    mtimeNs: BigInt(header.mtime) * 1_000_000_000n,
    xattrs: undefined,
    sparse: false,
  };
  for (const [key, value] of extension.pax) override(o, key, value);
  const name = extension.longName ?? o.name;
  if (name.includes(0)) throw badHeader(name, 'has a NUL in its name');
  let type = TYPES[header.typeflag] ?? 'other';
  // V7 had no type for directories.
  if (header.typeflag === '\0' && name.at(-1) === 0x2f) type = 'directory';
  const entry: TarEntry = {
    name,
    type,
    linkName: extension.longLink ?? o.linkName,
    mode: header.mode & 0o7777,
    uid: o.uid,
    gid: o.gid,
    size: type === 'file' ? (o.realSize ?? o.size) : 0,
    mtimeNs: o.mtimeNs,
    major: header.major,
    minor: header.minor,
    xattrs: o.xattrs ?? NO_XATTRS,
  };
  return { entry, physicalSize: o.size, sparse: o.sparse };
}

function override(o: Overrides, key: string, value: Buffer): void {
  if (key.startsWith('SCHILY.xattr.')) {
    o.xattrs ??= new Map();
    o.xattrs.set(Buffer.from(key.slice(13), 'latin1').toString('utf8'), value);
  } else if (key.startsWith('LIBARCHIVE.xattr.')) {
    const name = decodeName(key.slice(17));
    o.xattrs ??= new Map();
    if (!o.xattrs.has(name)) o.xattrs.set(name, Buffer.from(value.toString('latin1'), 'base64'));
  } else if (key.startsWith('GNU.sparse.')) {
    overrideSparse(o, key.slice(11), value);
  } else if (value.length > 0) {
    // An empty value takes the record back (POSIX pax): the header's own stands.
    overrideField(o, key, value);
  }
}

function overrideField(o: Overrides, key: string, value: Buffer): void {
  if (key === 'path') o.name = value;
  else if (key === 'linkpath') o.linkName = value;
  else if (key === 'size') o.size = paxInteger(value, key);
  else if (key === 'uid') o.uid = paxInteger(value, key);
  else if (key === 'gid') o.gid = paxInteger(value, key);
  else if (key === 'mtime') o.mtimeNs = paxTime(value, key);
}

function overrideSparse(o: Overrides, key: string, value: Buffer): void {
  if (key === 'name') o.name = value;
  else if (key === 'realsize' || key === 'size') o.realSize = paxInteger(value, `GNU.sparse.${key}`);
  else if (key === 'major') o.sparse = value.toString('latin1') === '1';
  else if (key === 'map' || key === 'numblocks') o.sparse = true;
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
