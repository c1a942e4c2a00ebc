import { setTimeout as delay } from 'node:timers/promises';
import { type ExitStatus, isStrataError, StrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { volatileTransaction } from '../state/volatile.ts';
import { attendEnd } from './attendance.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { endOf, lost, reapLocked } from './reap-container.ts';
import { runtimeFor } from './runtime.ts';
import { parseSignal, signalName } from './signals.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { findContainer, updateContainer } from './state/container-store.ts';
import { cgroupOf } from './state/journal.ts';

const sigkill = 9;
const killTimeout = 10_000;
/** For all of a container to die with its init. */
const initTimeout = 1000;

export interface StopOptions {
  /** Seconds before SIGKILL; −1: never. */
  readonly timeout?: number;
  readonly signal?: string;
}

/**
 * stop: its stop signal → wait → SIGKILL to all → record. Fine when it does not run. `keep`: to start it again, `--rm`
 * or not.
 */
export async function stopContainer(
  services: EngineServices,
  reference: string,
  { keep = false, ...options }: StopOptions & { readonly keep?: boolean } = {},
): Promise<void> {
  const found = findContainer(services.database, reference);
  await withContainerLock(services, found.id, async () => {
    // Before the signal: whoever records the end must not start it again.
    updateContainer(services.database, found.id, { stopped: true });
    const record = await reapLocked(services, found.id, { keep });
    if (record?.status === 'restarting') updateContainer(services.database, found.id, { status: 'exited' });
    if (record === undefined || !isActive(record)) return;
    await using _attendance = await attendEnd(services, record);
    const signal = options.signal === undefined ? record.config.stopSignal : parseSignal(options.signal);
    const timeout = options.timeout ?? record.config.stopTimeout;
    await sendSignal(services, record, signal);
    await thawPaused(services, record);
    const ended = await waitForEnd(services, record, timeout < 0 ? Number.POSITIVE_INFINITY : timeout * 1000);
    if (ended === undefined) await killAll(services, record);
    await reapLocked(services, record.id, { keep });
    emitContainer(services, record, 'stop');
  });
}

/**
 * kill: one signal, now. Without the lock, which a `stop` may hold for its whole grace period; the end of a SIGKILL
 * is waited for, so that what is recorded is true when this resolves.
 */
export async function killContainer(
  services: EngineServices,
  reference: string,
  signal = 'KILL',
): Promise<void> {
  const number = parseSignal(signal);
  const record = findContainer(services.database, reference);
  if (!isActive(record) || (await endOf(services, record)) !== undefined) throw notRunning(record);
  if (number === sigkill || number === record.config.stopSignal)
    updateContainer(services.database, record.id, { stopped: true });
  await using _attendance = number === sigkill ? await attendEnd(services, record) : undefined;
  await sendSignal(services, record, number);
  if (number !== sigkill) return;
  await thawPaused(services, record);
  if ((await waitForEnd(services, record, killTimeout)) !== undefined)
    await withContainerLock(services, record.id, () => reapLocked(services, record.id));
}

/** Every process of it, whatever state it is in. The caller holds the lock, and records the end. */
export async function killAll(services: EngineServices, record: ContainerRecord): Promise<ExitStatus> {
  emitKill(services, record, sigkill);
  const runtime = await runtimeFor(services, record.config.runtime);
  // With the first process of a PID namespace all others are killed, pid_namespaces(7).
  const all = record.config.pid !== 'private';
  await runtime.kill(record.id, sigkill, { all }).catch(ignoreNotRunning);
  // What is frozen dies only through its cgroup; so does what holds out.
  if (!all && record.status !== 'paused') {
    const end = await waitForEnd(services, record, initTimeout);
    if (end !== undefined) return end;
  }
  const cgroup = cgroupOf(services.database, record.id);
  if (cgroup !== undefined) await (await services.cgroup()).kill(cgroup);
  const end = await waitForEnd(services, record, killTimeout);
  if (end !== undefined) return end;
  throw new StrataError('unavailable', 'CONTAINER_NOT_KILLED', `Container ${record.name} does not die`, {
    hint: 'A process of it hangs in the kernel; see its state with ps',
  });
}

async function sendSignal(services: EngineServices, record: ContainerRecord, signal: number): Promise<void> {
  const runtime = await runtimeFor(services, record.config.runtime);
  emitKill(services, record, signal);
  services.host.log.debug('signal', { container: record.id, signal: signalName(signal) });
  await runtime.kill(record.id, signal).catch(ignoreNotRunning);
}

/** Durable with the end, which follows. */
function emitKill(services: EngineServices, record: ContainerRecord, signal: number): void {
  volatileTransaction(services.database, () =>
    emitContainer(services, record, 'kill', { signal: String(signal) }),
  );
}

async function thawPaused(services: EngineServices, record: ContainerRecord): Promise<void> {
  if (record.status !== 'paused') return;
  const cgroup = cgroupOf(services.database, record.id);
  if (cgroup !== undefined) await (await services.cgroup()).thaw(cgroup);
  updateContainer(services.database, record.id, { status: 'running' });
}

/** Whoever calls has asked {@link endOf} before: it had begun, and had not ended. */
async function waitForEnd(
  services: EngineServices,
  record: ContainerRecord,
  timeout: number,
): Promise<ExitStatus | undefined> {
  if (record.process === undefined) return lost();
  const runtime = await runtimeFor(services, record.config.runtime);
  const end = runtime.poll(record.process);
  if (end !== undefined) return end;
  const finished = new AbortController();
  const waiting = runtime.wait(record.process, finished.signal).catch(() => undefined);
  const timer = Number.isFinite(timeout)
    ? delay(timeout, undefined, { signal: finished.signal }).catch(() => undefined)
    : new Promise<undefined>(() => undefined);
  try {
    return await Promise.race([waiting, timer]);
  } finally {
    finished.abort();
  }
}

/** What the user must do before anything else can be done with it. */
export function pausedError({ name }: Pick<ContainerRecord, 'name'>): StrataError {
  return new StrataError('failed-precondition', 'CONTAINER_PAUSED', `Container ${name} is paused`, {
    hint: `Unpause it first: strata unpause ${name}`,
  });
}

export function notRunning(record: Pick<ContainerRecord, 'name'>): StrataError {
  return new StrataError(
    'failed-precondition',
    'CONTAINER_NOT_RUNNING',
    `Container ${record.name} is not running`,
    {
      hint: `Start it with: strata start ${record.name}`,
    },
  );
}

function ignoreNotRunning(error: unknown): void {
  if (!isStrataError(error, 'CONTAINER_NOT_RUNNING')) throw error;
}
