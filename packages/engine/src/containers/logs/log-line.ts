/** Lines of conmon's k8s-file log, which is the Kubernetes CRI format: `TIMESTAMP STREAM TAG content\n`. */
import type { LogChunk } from '../../api/containers.ts';

const newline = 0x0a;
const space = 0x20;

export interface LogLine {
  readonly timestamp: string;
  readonly stream: 'stdout' | 'stderr';
  /** `F`: the process wrote a newline here; `P`: it did not, and the next line of this stream goes on. */
  readonly full: boolean;
  readonly content: Buffer;
}

/** `undefined` for a line that is none: half written by a monitor that was killed. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  const third = line.indexOf(space, second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const timestamp = line.toString('latin1', 0, first);
  const stream = line.toString('latin1', first + 1, second);
  const tag = line.toString('latin1', second + 1, third);
  if ((stream !== 'stdout' && stream !== 'stderr') || (tag !== 'F' && tag !== 'P')) return undefined;
  if (!/^\d{4}-\d\d-\d\dT/.test(timestamp)) return undefined;
  return { timestamp, stream, full: tag === 'F', content: line.subarray(third + 1) };
}

/** Bytes in, lines out; what has no newline yet waits. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<Buffer> {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let at = data.indexOf(newline); at >= 0; at = data.indexOf(newline, from)) {
      yield data.subarray(from, at);
      from = at + 1;
    }
    this.#rest = Buffer.from(data.subarray(from));
  }
}

/** A line of the process larger than this comes in pieces. */
const maxJoined = 1024 * 1024;

/** Puts what conmon split at its buffer's size together again, per stream. */
export class PartialJoiner {
  readonly #open = new Map<string, { line: LogLine; parts: Buffer[]; size: number }>();

  add(line: LogLine): LogChunk | undefined {
    const open = this.#open.get(line.stream);
    const parts = [...(open?.parts ?? []), Buffer.from(line.content)];
    const size = (open?.size ?? 0) + line.content.length;
    if (!line.full && size < maxJoined) {
      this.#open.set(line.stream, { line: open?.line ?? line, parts, size });
      return undefined;
    }
    this.#open.delete(line.stream);
    return chunkOf(open?.line ?? line, parts, line.full);
  }

  /** What was never ended by a newline. */
  flush(): LogChunk[] {
    const rest = [...this.#open.values()].map(({ line, parts }) => chunkOf(line, parts, false));
    this.#open.clear();
    return rest;
  }
}

function chunkOf(line: LogLine, parts: Buffer[], full: boolean): LogChunk {
  const data = Buffer.concat(full ? [...parts, Buffer.from('\n')] : parts);
  return { at: new Date(line.timestamp), timestamp: line.timestamp, stream: line.stream, data };
}
