/** After the end: record how it ended, take down what the run held, remove with `--rm`. Idempotent, by any process. */
import type { ExitStatus, MonitoredProcess } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { finishRemoval } from './remove-container.ts';
import { runtimeFor } from './runtime.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { allContainers, containerById, updateContainer } from './state/container-store.ts';
import { undoSteps } from './undo.ts';

/** `process`: only this run; a restart in between is none of ours. */
export async function reapContainer(
  services: EngineServices,
  id: string,
  process?: MonitoredProcess,
): Promise<void> {
  await withContainerLock(services, id, () => reapLocked(services, id, process));
}

/** The record as it is now, after recording an end nobody has recorded yet. The caller holds the lock. */
export async function reapLocked(
  services: EngineServices,
  id: string,
  process?: MonitoredProcess,
): Promise<ContainerRecord | undefined> {
  const record = containerById(services.database, id);
  if (record === undefined || !isActive(record)) return record;
  if (process !== undefined && record.process?.monitor.startTime !== process.monitor.startTime) return record;
  const status = await endOf(services, record);
  if (status === undefined) return record;
  recordEnd(services, record, status);
  if (record.autoRemove) {
    await finishRemoval(services, record);
    return undefined;
  }
  await undoSteps(services, id, 'run');
  return containerById(services.database, id);
}

/** How it ended; `undefined` while it runs. */
export async function endOf(
  services: EngineServices,
  record: ContainerRecord,
): Promise<ExitStatus | undefined> {
  const lost = { code: 255, at: new Date(), oomKilled: false, lost: true };
  if (record.process === undefined) return lost;
  const runtime = await runtimeFor(services, record.config.runtime);
  return runtime.poll(record.process);
}

function recordEnd(services: EngineServices, record: ContainerRecord, status: ExitStatus): void {
  services.database.transaction(() => {
    updateContainer(services.database, record.id, {
      status: record.autoRemove ? 'removing' : 'exited',
      exitCode: status.code,
      finished: status.at,
      oomKilled: status.oomKilled,
      error: status.lost ? 'the monitor of the container was lost' : null,
    });
    if (status.oomKilled) emitContainer(services, record, 'oom');
    emitContainer(services, record, 'die', { exitCode: String(status.code) });
  });
}

/**
 * Containers that ended with nobody waiting: after kill -9 of a client or monitor, after a reboot. Asks each active
 * one whether it lives, which costs a read of /proc; nothing is scanned.
 */
export async function reapAll(services: EngineServices): Promise<void> {
  const active = allContainers(services.database, "status IN ('running', 'paused')");
  for (const record of active) {
    const { process } = record;
    if (process !== undefined && services.host.processes.alive(process.monitor)) {
      const runtime = await runtimeFor(services, record.config.runtime);
      if (runtime.poll(process) === undefined) continue;
    }
    await using lock = await services.host.locks.tryAcquire(services.paths.lock('container', record.id));
    // Whoever holds it is at it.
    if (lock !== undefined) await reapLocked(services, record.id);
  }
}
