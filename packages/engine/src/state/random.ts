import { closeSync, openSync, readSync } from 'node:fs';

/** Random hex digits from random(4): loading node:crypto for them takes as long as half of a `run`. */
export function randomHex(bytes: number): string {
  return randomBuffer(bytes).toString('hex');
}

/** An integer from 0 to `below` - 1; `below` is far under 2^32, so the bias is nothing. */
export function randomBelow(below: number): number {
  return randomBuffer(4).readUInt32LE() % below;
}

function randomBuffer(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  const fd = openSync('/dev/urandom', 'r');
  try {
    // At most 256 bytes come in one piece.
    readSync(fd, buffer);
  } finally {
    closeSync(fd);
  }
  return buffer;
}
