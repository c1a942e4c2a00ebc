/** After the end: record how it ended, take down what the run held, remove with `--rm`. Idempotent, by any process. */
import type { ExitStatus, MonitoredProcess, RuntimeDriver } from '@strata/core';
import type { ContainerStatus } from '../api/containers.ts';
import { tryRemoveOtherLayers } from '../migrate/leftovers.ts';
import type { EngineServices } from '../services.ts';
import { isLeaseAlive } from '../state/lease.ts';
import { volatileTransaction } from '../state/volatile.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { abandonContainer, finishRemoval } from './remove-container.ts';
import { wantsRestart } from './restart/restart-policy.ts';
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
  await withContainerLock(services, id, () => reapLocked(services, id, { process }));
}

interface Reaping {
  readonly process?: MonitoredProcess | undefined;
  /** It is about to be started again, so `--rm` does not hold for this end. */
  readonly keep?: boolean;
}

/** The record as it is now, after recording an end nobody has recorded yet. The caller holds the lock. */
export async function reapLocked(
  services: EngineServices,
  id: string,
  { process, keep = false }: Reaping = {},
): Promise<ContainerRecord | undefined> {
  const record = containerById(services.database, id);
  if (record === undefined) return undefined;
  if (!isActive(record)) {
    await tryRemoveOtherLayers(services, record);
    return record;
  }
  if (process !== undefined && record.process?.monitor.startTime !== process.monitor.startTime) return record;
  const status = await endOf(services, record);
  if (status === undefined) return record;
  const goes = record.autoRemove && !keep;
  const next = goes ? 'removing' : wantsRestart(record, status.code) ? 'restarting' : 'exited';
  recordEnd(services, record, { status, next });
  if (goes) {
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
  if (record.process === undefined) return lost();
  const runtime = await runtimeFor(services, record.config.runtime);
  const end = runtime.poll(record.process);
  return end === undefined && (await neverBegan(services, record, runtime)) ? lost() : end;
}

export function lost(): ExitStatus {
  return { code: 255, at: new Date(), oomKilled: false, lost: true };
}

/** Whoever started it died between making the process and letting it run: it would wait for ever. */
async function neverBegan(
  services: EngineServices,
  { id, lease }: ContainerRecord,
  runtime: RuntimeDriver,
): Promise<boolean> {
  if (lease === null || isLeaseAlive(services.host.processes, lease)) return false;
  if ((await runtime.state(id))?.status === 'created') return true;
  // Asked once.
  volatileTransaction(services.database, () => updateContainer(services.database, id, { lease: null }));
  return false;
}

export function recordEnd(
  services: EngineServices,
  record: ContainerRecord,
  { status, next }: { readonly status: ExitStatus; readonly next: ContainerStatus },
): void {
  services.database.transaction(() => {
    const told = containerById(services.database, record.id)?.oomKilled === true;
    updateContainer(services.database, record.id, {
      status: next,
      exitCode: status.code,
      finished: status.at,
      oomKilled: told || status.oomKilled,
      error: status.lost ? 'the container was lost with its monitor, or with who started it' : null,
    });
    if (status.oomKilled && !told) emitContainer(services, record, 'oom');
    emitContainer(services, record, 'die', { exitCode: String(status.code) });
  });
}

/**
 * Containers that ended with nobody waiting: after kill -9 of a client or monitor, after a reboot; and those whose
 * making or removal a dead process left half done. Asks each active one whether it lives, which costs a read of
 * /proc; nothing is scanned.
 */
export async function reapAll(services: EngineServices): Promise<void> {
  const unsettled = "status IN ('running', 'paused', 'creating', 'removing')";
  for (const record of allContainers(services.database, unsettled)) {
    if (isActive(record) && (await endOf(services, record)) === undefined) continue;
    await using lock = await services.host.locks.tryAcquire(services.paths.lock('container', record.id));
    // Whoever holds it is at it.
    if (lock === undefined) continue;
    await settle(services, record.id).catch((error: unknown) => {
      services.host.log.warn('a container could not be cleaned up', { id: record.id, error: String(error) });
    });
  }
}

/** As its monitor would have. */
export async function startReaper(services: EngineServices, id: string): Promise<void> {
  const [program, ...args] = services.exitCommand ?? [];
  if (program === undefined) return;
  const child = await services.host.exec.spawn(program, [...args, id], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  child.unref();
}

/** The caller holds the lock, so nobody works on it. */
async function settle(services: EngineServices, id: string): Promise<void> {
  const record = await reapLocked(services, id);
  // Its monitor is gone, and nobody else will.
  if (record?.status === 'restarting') await startReaper(services, id);
  if (record?.status === 'removing') await finishRemoval(services, record);
  if (record?.status === 'creating') await abandonContainer(services, id);
}
