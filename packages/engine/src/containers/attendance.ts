/**
 * Who cleans up when a container ends? The client that is attached, if it still is: it is warm and does it at once.
 * Otherwise the monitor's exit command, which starts a program for it. The two agree by a lock in the run directory:
 * the client holds it while it attends, the kernel takes it from one that dies, and the exit command goes through
 * flock(1), which gives up in a millisecond while somebody holds it.
 */
import { join } from 'node:path';
import type { HeldLock } from '@strata/core';
import type { EngineServices } from '../services.ts';

export function attend(services: EngineServices, id: string): Promise<HeldLock> {
  return services.host.locks.acquire(attendanceFile(services, id), { signal: services.signal });
}

/** `undefined`: nobody but the next command will notice. */
export async function exitCommandFor(
  services: EngineServices,
  id: string,
  options: { readonly attached: boolean; readonly restarts: boolean },
): Promise<readonly string[] | undefined> {
  const command = services.exitCommand;
  if (command === undefined) return undefined;
  // An end that is followed by a start is the monitor's to see, whoever else does.
  if (!options.attached || options.restarts) return [...command, id];
  const flock = await services.host.exec.find('flock');
  if (flock === undefined) return undefined;
  return [flock, '--nonblock', '--no-fork', attendanceFile(services, id), ...command, id];
}

function attendanceFile(services: EngineServices, id: string): string {
  return join(services.paths.containerRun(id), 'attended');
}
