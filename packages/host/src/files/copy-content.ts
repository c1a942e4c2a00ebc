import { ftruncateSync, readSync, writeSync } from 'node:fs';
import { errnoOf, type FileStat } from '@strata/core';
import { native } from '../native.ts';
import { cloneInto } from './reflink.ts';

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const COPY_BYTES = 64 << 20;
const BUFFER_BYTES = 1 << 20;

let buffer: Buffer | undefined;

function copyByHand(from: number, to: number, at: number, end: number): void {
  buffer ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
  for (let position = at; position < end; ) {
    const read = readSync(from, buffer, 0, Math.min(BUFFER_BYTES, end - position), position);
    if (read === 0) return;
    for (let written = 0; written < read; )
      written += writeSync(to, buffer, written, read - written, position + written);
    position += read;
  }
}

/** Bytes `at` to `end`, by the kernel where it can (copy_file_range(2)), else through memory. */
function copyData(from: number, to: number, at: number, end: number): void {
  for (let position = at; position < end; ) {
    try {
      const copied = native().copyRange(from, position, to, position, Math.min(COPY_BYTES, end - position));
      if (copied === 0) return;
      position += copied;
    } catch (error) {
      if (!['EXDEV', 'ENOTSUP', 'EINVAL', 'ENOSYS'].includes(errnoOf(error) ?? '')) throw error;
      copyByHand(from, to, position, end);
      return;
    }
  }
}

/** What a copy has learnt about its two filesystems. */
export interface CopyState {
  canClone: boolean;
}

/** Content with its holes: shared blocks if possible, else data segments only. */
export function copyContent(from: number, to: number, stat: FileStat, state: CopyState): void {
  if (stat.size === 0) return;
  if (state.canClone) {
    state.canClone = cloneInto(to, from);
    if (state.canClone) return;
  }
  const sparse = stat.blocks * 512 < stat.size;
  if (!sparse) {
    copyData(from, to, 0, stat.size);
    return;
  }
  for (let at = 0; at < stat.size; ) {
    const data = native().seek(from, at, SEEK_DATA);
    if (data === -1) break;
    const hole = native().seek(from, data, SEEK_HOLE);
    const end = hole === -1 ? stat.size : hole;
    copyData(from, to, data, end);
    at = end;
  }
  ftruncateSync(to, stat.size);
}
