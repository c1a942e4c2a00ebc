import { StrataError } from '@strata/core';
import type { LogChunk, LogRequest } from '../../api/containers.ts';
import type { EngineServices } from '../../services.ts';
import { runtimeFor } from '../runtime.ts';
import { type ContainerRecord, isActive } from '../state/container-record.ts';
import { containerById, findContainer } from '../state/container-store.ts';
import { type LogFile, logPath, openLogs } from './log-files.ts';
import { LogFollower } from './log-follower.ts';
import { LineSplitter, PartialJoiner, parseLogLine } from './log-line.ts';
import { tailOffset } from './tail-offset.ts';

/** logs: what was logged, oldest first, then what comes until the container ends. */
export async function* containerLogs(
  services: EngineServices,
  request: LogRequest,
): AsyncGenerator<LogChunk> {
  const record = findContainer(services.database, request.container);
  if (record.config.log.driver === 'none')
    throw new StrataError('unsupported', 'LOGS_UNSUPPORTED', `Container ${record.name} does not log`, {
      hint: 'It was made with --log-driver none',
    });
  const log = logPath(services.paths.container(record.id));
  const { maxFiles } = record.config.log;
  const signals = [services.signal, ...(request.signal === undefined ? [] : [request.signal])];
  const follower =
    request.follow === true ? new LogFollower(log, maxFiles, () => stillRuns(services, record)) : undefined;
  const signal = AbortSignal.any(signals);
  const lines = new LineReader(request);
  const files = await openLogs(log, maxFiles);
  try {
    const offsets = await startOffsets(files, request.tail);
    for (const [n, file] of files.entries()) {
      const offset = offsets[n];
      if (offset === undefined) continue;
      const last = n === files.length - 1;
      const chunks =
        last && follower !== undefined ? follower.read(file, offset, signal) : readAll(file, offset);
      for await (const chunk of chunks) {
        yield* lines.push(chunk);
        if (lines.done) return;
      }
    }
    if (files.length === 0 && follower !== undefined)
      for await (const chunk of follower.read(undefined, 0, signal)) yield* lines.push(chunk);
    yield* lines.flush();
  } finally {
    follower?.close();
    await Promise.all(files.map(({ handle }) => handle.close().catch(() => undefined)));
  }
}

/** Per file, where to begin; `undefined`: not at all. */
async function startOffsets(
  files: readonly LogFile[],
  tail: number | undefined,
): Promise<(number | undefined)[]> {
  if (tail === undefined || tail < 0) return files.map(() => 0);
  const offsets: (number | undefined)[] = files.map(() => undefined);
  let wanted = tail;
  for (let n = files.length - 1; n >= 0; n--) {
    const file = files[n] as LogFile;
    const found = await tailOffset(file.handle, wanted);
    offsets[n] = found.offset;
    wanted -= found.lines;
    if (wanted <= 0) break;
  }
  return offsets;
}

async function* readAll(file: LogFile, from: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.alloc(256 * 1024);
  for (let position = from; ; ) {
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function stillRuns(services: EngineServices, { id, config }: ContainerRecord): Promise<boolean> {
  const now = containerById(services.database, id);
  if (now === undefined || !isActive(now) || now.process === undefined) return false;
  return (await runtimeFor(services, config.runtime)).poll(now.process) === undefined;
}

/** Bytes to chunks, between `since` and `until`. */
class LineReader {
  done = false;
  readonly #splitter = new LineSplitter();
  readonly #joiner = new PartialJoiner();
  readonly #request: LogRequest;

  constructor(request: LogRequest) {
    this.#request = request;
  }

  *push(bytes: Buffer): Generator<LogChunk> {
    for (const text of this.#splitter.push(bytes)) {
      const line = parseLogLine(text);
      const chunk = line && this.#joiner.add(line);
      if (chunk !== undefined && this.#wanted(chunk)) yield chunk;
      if (this.done) return;
    }
  }

  flush(): LogChunk[] {
    return this.#joiner.flush().filter((chunk) => this.#wanted(chunk));
  }

  #wanted({ at }: LogChunk): boolean {
    const { since, until } = this.#request;
    // The log is in order of time, so nothing after this one is wanted either.
    if (until !== undefined && at.getTime() > until.getTime()) this.done = true;
    return !this.done && (since === undefined || at.getTime() >= since.getTime());
  }
}
