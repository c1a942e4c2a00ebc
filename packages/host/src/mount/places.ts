import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, type Processes } from '@strata/core';
import { unmountTree } from './unmount.ts';

export interface TemporaryPlaces {
  /** A new empty directory to mount on; `kind` is one letter and says what for. */
  make(kind: string): Promise<string>;
  /** Those of processes that are gone. */
  abandoned(): readonly string[];
}

/**
 * Mountpoints that last no longer than a call. Their names tell whose they are, so that what a killed process left
 * mounted is taken down by the next one that needs a place.
 *
 * @param directory private to one store; without it a shared one is used, where nothing of others is touched
 */
export function createPlaces(processes: Processes, directory?: string): TemporaryPlaces {
  const parent = directory ?? join(tmpdir(), 'strata-mounts');
  let swept = false;

  function abandoned(): string[] {
    if (directory === undefined || !existsSync(directory)) return [];
    const real = realpathSync(directory);
    return readdirSync(real)
      .filter((name) => isAbandoned(processes, name))
      .map((name) => join(real, name));
  }

  return {
    abandoned,
    async make(kind) {
      mkdirSync(parent, { recursive: true, mode: 0o700 });
      if (!swept) {
        swept = true;
        for (const place of abandoned()) {
          await unmountTree(place);
          removeEmpty(place);
        }
      }
      const { pid, startTime } = processes.self;
      return mkdtempSync(join(realpathSync(parent), `${kind}-${pid}-${startTime}-`));
    },
  };
}

function isAbandoned({ alive, self: { bootId } }: Processes, name: string): boolean {
  const [, pid, startTime] = /^[a-z]-(\d+)-(\d+)-/.exec(name) ?? [];
  return pid !== undefined && !alive({ pid: Number(pid), startTime: Number(startTime), bootId });
}

/** Another process may be sweeping as well. */
function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
