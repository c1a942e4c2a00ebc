/** Paths of a Tree: raw bytes, relative, split without decoding. */
const SLASH = 0x2f;
const DOT = 0x2e;

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Components, without empty ones and `.`; `..` stays, it means something only after the links are known. */
export function components(path: Uint8Array): Buffer[] {
  const bytes = asBuffer(path);
  const parts: Buffer[] = [];
  for (let from = 0; from <= bytes.length; ) {
    let to = bytes.indexOf(SLASH, from);
    if (to < 0) to = bytes.length;
    if (to > from && !(to === from + 1 && bytes[from] === DOT)) parts.push(bytes.subarray(from, to));
    from = to + 1;
  }
  return parts;
}

export function isDotDot(part: Uint8Array): boolean {
  return part.length === 2 && part[0] === DOT && part[1] === DOT;
}

export function isAbsolute(path: Uint8Array): boolean {
  return path[0] === SLASH;
}

export function join(parts: readonly Uint8Array[]): Buffer {
  const out = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + part.length + 1, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
    out[at++] = SLASH;
  }
  return out.subarray(0, Math.max(0, at - 1));
}

/** Parent and last component; a path that ends in nothing, `.` or `..` names a directory, whose last component is `.`. */
export function splitPath(path: Uint8Array): { readonly parent: Buffer; readonly name: Buffer } {
  const bytes = asBuffer(path);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === SLASH) end--;
  let start = 0;
  while (start < end && bytes[start] === SLASH) start++;
  const slash = bytes.lastIndexOf(SLASH, end - 1);
  const from = Math.max(slash + 1, start);
  const special =
    end === from ||
    (bytes[from] === DOT && (end === from + 1 || (end === from + 2 && bytes[from + 1] === DOT)));
  if (special) return { parent: bytes.subarray(start, end), name: HERE };
  let parentEnd = Math.max(start, slash);
  while (parentEnd > start && bytes[parentEnd - 1] === SLASH) parentEnd--;
  return { parent: bytes.subarray(start, parentEnd), name: bytes.subarray(from, end) };
}

export const HERE: Buffer = Buffer.from('.');
