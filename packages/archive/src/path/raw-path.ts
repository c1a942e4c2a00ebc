/**
 * A path as a string of one character per byte (latin1): cheap to split, compare and put in a Map, and still the
 * exact bytes, so that names which are not UTF-8 stay distinct. Relative to a root, cleaned; `''` is the root.
 */
export type RawPath = string;

export function rawPath(bytes: Uint8Array): RawPath {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function pathBytes(path: RawPath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** What chroot(2) would make of a name: no leading or trailing slash, no `.`; `..` stops at the root. */
export function cleanPath(name: RawPath): RawPath {
  if (isClean(name)) return name;
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function isClean(name: RawPath): boolean {
  if (name === '') return true;
  let start = 0;
  for (let i = 0; i <= name.length; i++) {
    if (i < name.length && name.charCodeAt(i) !== 0x2f) continue;
    const length = i - start;
    if (length === 0) return false;
    if (length <= 2 && name.charCodeAt(start) === 0x2e && name.charCodeAt(i - 1) === 0x2e) return false;
    start = i + 1;
  }
  return true;
}

export function parentOf(path: RawPath): RawPath {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

export function baseOf(path: RawPath): RawPath {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(parent: RawPath, name: RawPath): RawPath {
  return parent === '' ? name : `${parent}/${name}`;
}

/** Byte order: that of memcmp(3), not of a locale. */
export function compareRaw(a: RawPath, b: RawPath): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A name for a message: UTF-8 where it is, `\xNN` where it is not, control characters escaped, cut at 200. */
export function showPath(path: RawPath): string {
  const cut = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  const bytes = Buffer.from(cut.replace('…', ''), 'latin1');
  const text = bytes.toString('utf8');
  const shown = Buffer.from(text, 'utf8').equals(bytes) ? text : bytes.toString('latin1');
  const escaped = shown.replace(
    /[\x00-\x1f\x7f-\x9f\\]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `'${escaped}${path.length > 200 ? '…' : ''}'`;
}
