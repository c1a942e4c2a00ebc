import { statSync } from 'node:fs';
import type { EngineServices } from '../../services.ts';
import { logPath, rotateLog } from '../logs/log-files.ts';
import { runtimeFor } from '../runtime.ts';
import type { ContainerRecord } from '../state/container-record.ts';

/** Milliseconds between two looks: a quiet log is looked at twice a second, a fast one about when it will be full. */
const RARELY = 500;
const OFTEN = 10;

interface Look {
  readonly file: number;
  readonly size: number;
  /** Milliseconds, of `performance.now()`. */
  readonly at: number;
  /** When the monitor was last asked for a new file after this one. */
  readonly asked?: number;
}

/** Rotates the logs that have grown over their limit, and knows how fast each grows. */
export class LogRotation {
  readonly #services: EngineServices;
  readonly #looks = new Map<string, Look>();

  constructor(services: EngineServices) {
    this.#services = services;
  }

  /** Milliseconds until the next one may be full. */
  async rotate(records: readonly ContainerRecord[]): Promise<number> {
    let pause = RARELY;
    for (const record of records) pause = Math.min(pause, (await this.#look(record)) ?? RARELY);
    return Math.max(pause, OFTEN);
  }

  async #look({ id, config, process }: ContainerRecord): Promise<number | undefined> {
    const { maxBytes, maxFiles } = config.log;
    if (maxBytes === undefined || process === undefined) return undefined;
    const log = logPath(this.#services.paths.container(id));
    const { size, ino: file } = statSync(log, { throwIfNoEntry: false }) ?? { size: 0, ino: 0 };
    const at = performance.now();
    const before = this.#looks.get(id) ?? { file, size: 0, at: at - RARELY };
    const same = file === before.file;
    const rate = (same ? size - before.size : size) / Math.max(at - before.at, 1);
    let asked = same ? before.asked : undefined;
    const full = size >= maxBytes;
    // The monitor makes the new file in its own time. Asked twice it makes two, and what is in the first is lost.
    if (full && (asked === undefined || at - asked > RARELY)) {
      await this.#rotate({ id, config, process }, { log, maxFiles });
      asked = at;
    }
    this.#looks.set(id, { file, size, at, ...(asked === undefined ? {} : { asked }) });
    return rate <= 0 ? undefined : (full ? maxBytes : maxBytes - size) / rate;
  }

  async #rotate(
    {
      id,
      config,
      process,
    }: Pick<ContainerRecord, 'id' | 'config'> & Required<Pick<ContainerRecord, 'process'>>,
    { log, maxFiles }: { readonly log: string; readonly maxFiles: number },
  ): Promise<void> {
    const runtime = await runtimeFor(this.#services, config.runtime);
    if (process === undefined || runtime.reopenLog === undefined) return;
    await rotateLog(log, maxFiles, () => runtime.reopenLog!(process)).catch((error: unknown) => {
      this.#services.host.log.warn('a log was not rotated', { id, error: String(error) });
    });
  }
}
