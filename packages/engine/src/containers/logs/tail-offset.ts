import type { FileHandle } from 'node:fs/promises';
import { parseLogLine } from './log-line.ts';

const block = 64 * 1024;
const newline = 0x0a;

export interface Tail {
  /** Where to start reading. */
  readonly offset: number;
  /** Whole lines of the process from there on. */
  readonly lines: number;
}

/** Where the last `wanted` lines begin, read backwards from the end: a log of any size costs what its tail costs. */
export async function tailOffset(handle: FileHandle, wanted: number): Promise<Tail> {
  const { size } = await handle.stat();
  let lines = 0;
  let end = size;
  /** The beginning of the line that the next block ends in. */
  let head: Buffer = Buffer.alloc(0);
  while (end > 0) {
    const start = Math.max(0, end - block);
    const buffer = Buffer.alloc(end - start);
    await handle.read(buffer, 0, buffer.length, start);
    const data = Buffer.concat([buffer, head]);
    let lineEnd = data.length;
    for (
      let at = data.lastIndexOf(newline, lineEnd - 1);
      at >= 0;
      at = at === 0 ? -1 : data.lastIndexOf(newline, at - 1)
    ) {
      const line = data.subarray(at + 1, lineEnd);
      // A line in two pieces counts with its last, so its first ones belong to the count before.
      if (line.length > 0 && parseLogLine(line)?.full === true) {
        if (lines === wanted) return { offset: start + lineEnd + 1, lines };
        lines++;
      }
      lineEnd = at;
    }
    head = Buffer.from(data.subarray(0, lineEnd));
    end = start;
  }
  if (head.length > 0 && parseLogLine(head)?.full === true) {
    if (lines === wanted) return { offset: head.length + 1, lines };
    lines++;
  }
  return { offset: 0, lines };
}
