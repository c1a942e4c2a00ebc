import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1 << 20;
/** Random, so that a filesystem that compresses gains nothing. */
const noise = randomFillSync(Buffer.alloc(MIB + 4096));

/** Bytes that differ from file to file. */
function bytes(size: number, salt: number): Buffer {
  return noise.subarray(salt % 4096, (salt % 4096) + size);
}

export interface TreeShape {
  readonly files: number;
  readonly directories: number;
  readonly size: number;
  /** Start of every file name; two trees of one stack must not hide each other's files. */
  readonly prefix?: string;
}

/** `d0/f0`, `d1/f1`, …: files dealt out over directories. */
export function treePaths({ files, directories, prefix = 'f' }: TreeShape): string[] {
  return Array.from({ length: files }, (_, at) => `d${at % directories}/${prefix}${at}`);
}

export function writeTree(root: string, shape: TreeShape): void {
  for (let at = 0; at < shape.directories; at++) mkdirSync(join(root, `d${at}`), { recursive: true });
  treePaths(shape).forEach((path, at) => {
    writeFileSync(join(root, path), bytes(shape.size, at));
  });
}

/** One file of whole MiB. */
export function writeLarge(path: string, mebibytes: number): void {
  const file = openSync(path, 'w');
  try {
    for (let at = 0; at < mebibytes; at++) writeSync(file, bytes(MIB, at));
  } finally {
    closeSync(file);
  }
}
