/**
 * The directory of an exec: its monitor's sockets and exit file. The client that waits for the exec removes it. Nobody
 * waits for a detached one, or once its client was interrupted or left, so the next exec in the container removes
 * what has ended: in the run directory, which is memory, they would add up for as long as the container runs.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineServices } from '../services.ts';
import { formatLease, isLeaseAlive } from '../state/lease.ts';
import { containerById } from './state/container-store.ts';

export interface ExecPlace {
  readonly directory: string;
  /** Whoever comes next may remove it, once the exec has ended. */
  leave(): Promise<void>;
  remove(): Promise<void>;
  /** As {@link remove}, when the exec came to nothing. */
  abandon(): Promise<void>;
}

export async function openExecPlace(
  services: EngineServices,
  container: string,
  { execId, attended }: { readonly execId: string; readonly attended: boolean },
): Promise<ExecPlace> {
  const all = join(services.paths.containerRun(container), 'exec');
  await removeEnded(services, all, container);
  const directory = join(all, execId.slice(0, 16));
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const client = clientFile(directory);
  if (attended) await writeFile(client, formatLease(services.host.processes.self), { mode: 0o600 });
  const remove = () => removeDirectory(directory);
  return {
    directory,
    leave: () => rm(client, { force: true }),
    remove,
    async abandon() {
      await remove();
      // Removed meanwhile: what was made in its run directory made that anew.
      if (containerById(services.database, container) === undefined)
        await removeDirectory(services.paths.containerRun(container));
    },
  };
}

async function removeEnded(services: EngineServices, all: string, container: string): Promise<void> {
  for (const name of existsSync(all) ? readdirSync(all) : []) {
    const directory = join(all, name);
    // conmon writes it last, aside, and renames it (exit-status.ts of the runtime driver).
    if (!existsSync(join(directory, container)) || isAttended(services, directory)) continue;
    await removeDirectory(directory);
  }
}

function removeDirectory(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 5 });
}

function isAttended({ host }: EngineServices, directory: string): boolean {
  try {
    return isLeaseAlive(host.processes, readFileSync(clientFile(directory), 'utf8'));
  } catch {
    return false;
  }
}

function clientFile(directory: string): string {
  return join(directory, 'client');
}
