/**
 * Who cleans up when a container ends? Whoever waits for its end, if somebody does: the client that is attached, or
 * the one that stops or removes it. They are warm and do it at once. Otherwise the monitor's exit command, which starts
 * a program for it. The two agree by a lock in the run directory: the client holds it while it attends, the kernel takes
 * it from one that dies, and the exit command goes through flock(1), which gives up in a millisecond while somebody
 * holds it.
 */
import { join } from 'node:path';
import { errnoOf, type HeldLock } from '@strata/core';
import type { EngineServices } from '../services.ts';
import type { ContainerRecord } from './state/container-record.ts';

/** By the client that is attached from the start. */
export function attend(services: EngineServices, id: string): Promise<HeldLock> {
  return services.host.locks.acquire(attendanceFile(services, id), { signal: services.signal });
}

/** By the client that ends it. `undefined`: somebody else attends, or nobody can. */
export async function attendEnd(
  services: EngineServices,
  { id, config }: Pick<ContainerRecord, 'id' | 'config'>,
): Promise<HeldLock | undefined> {
  const file = hasPolicy(config) ? endingFile(services, id) : attendanceFile(services, id);
  try {
    return await services.host.locks.tryAcquire(file);
  } catch (error) {
    // A reboot took the run directory, and the monitor with it.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** `undefined`: nobody but the next command will notice. */
export async function exitCommandFor(
  services: EngineServices,
  { id, config }: Pick<ContainerRecord, 'id' | 'config'>,
  options: { readonly attached: boolean },
): Promise<readonly string[] | undefined> {
  const command = services.exitCommand;
  if (command === undefined) return undefined;
  // An end that is followed by a start is the monitor's to see, whoever is attached; not so one that was asked for.
  const file = hasPolicy(config) ? endingFile(services, id) : attendanceFile(services, id);
  const flock = await services.host.exec.find('flock');
  if (flock !== undefined) return [flock, '--nonblock', '--no-fork', file, ...command, id];
  return options.attached && !hasPolicy(config) ? undefined : [...command, id];
}

/** Is it to be started again, at least after some ends? */
export function hasPolicy({ restart }: ContainerRecord['config']): boolean {
  return (restart?.name ?? 'no') !== 'no';
}

function attendanceFile(services: EngineServices, id: string): string {
  return join(services.paths.containerRun(id), 'attended');
}

function endingFile(services: EngineServices, id: string): string {
  return join(services.paths.containerRun(id), 'ending');
}
