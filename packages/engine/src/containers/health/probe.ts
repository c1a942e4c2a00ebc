/** One probe: the health check's command as an exec without events, with a time limit on all of it. */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { MonitoredProcess } from '@strata/core';
import type { EngineServices } from '../../services.ts';
import { runtimeFor } from '../runtime.ts';
import type { ContainerRecord } from '../state/container-record.ts';
import { containerById } from '../state/container-store.ts';
import { cgroupOf } from '../state/journal.ts';
import type { HealthPlan } from './health-config.ts';
import type { ProbeResult } from './health-state.ts';
import { killProbe } from './kill-probe.ts';
import { LimitedOutput } from './limited-output.ts';
import { endProbe, type Probe, probeDirectory, sameRun, startProbe } from './probe-exec.ts';

/** Milliseconds that output may be on its way after the end. */
const lastWords = 1000;
/** Milliseconds until one that does not die of SIGKILL is left behind. */
const patience = 10_000;

/**
 * `undefined`: not now, as the container is paused, has ended, or somebody works on it. Its lock is held while the
 * probe starts: nobody takes down what the probe is about to be in.
 */
export async function probe(
  services: EngineServices,
  container: ContainerRecord,
  { plan, signal }: { readonly plan: HealthPlan; readonly signal: AbortSignal },
): Promise<ProbeResult | undefined> {
  if (containerById(services.database, container.id)?.status !== 'running') return undefined;
  const lock = await services.host.locks.tryAcquire(services.paths.lock('container', container.id));
  if (lock === undefined) return undefined;
  const start = new Date();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), plan.timeout);
  try {
    const record = containerById(services.database, container.id);
    // Removed in this moment: the file of its lock is not made anew for good.
    if (record === undefined) rmSync(services.paths.lock('container', container.id), { force: true });
    if (record?.status !== 'running' || !sameRun(record, container)) return undefined;
    const it: Probe = {
      record,
      command: plan.command,
      runtime: await runtimeFor(services, record.config.runtime),
      directory: probeDirectory(services, record.id),
      output: new LimitedOutput(),
      ending: AbortSignal.any([late.signal, signal]),
    };
    const end = await outcome(services, it, lock).finally(() => endProbe(it));
    return signal.aborted ? undefined : resultOf(it, { start, timeout: plan.timeout, end });
  } finally {
    clearTimeout(timer);
    await lock.release();
  }
}

/** The exit code, why it could not be run, or `undefined` when it was killed. */
async function outcome(
  services: EngineServices,
  it: Probe,
  lock: { release(): Promise<void> },
): Promise<number | string | undefined> {
  try {
    const process = await orKilled(services, it, startProbe(services, it));
    await lock.release();
    if (process === undefined) return undefined;
    const status = await orKilled(services, it, it.runtime.wait(process as MonitoredProcess));
    await Promise.race([it.reading, delay(lastWords, undefined, { ref: false })]);
    return it.ending.aborted ? undefined : status?.code;
  } catch (error) {
    return it.ending.aborted ? undefined : error instanceof Error ? error.message : String(error);
  }
}

/** `work`, which ends early when its time is up as all of the probe is killed; `undefined` when it does not. */
async function orKilled<T>(services: EngineServices, it: Probe, work: Promise<T>): Promise<T | undefined> {
  const done = new AbortController();
  const kill = async () => {
    const { ending, record } = it;
    await aborted(AbortSignal.any([ending, done.signal]));
    for (let tried = 0; !done.signal.aborted && tried < patience; tried += 100) {
      // Frozen, it dies when it is thawed; until then it is nobody's fault.
      if (containerById(services.database, record.id)?.status === 'paused') tried = 0;
      else if (it.monitor !== undefined)
        await killProbe(services, it.monitor, cgroupOf(services.database, record.id));
      await delay(100, undefined, { signal: done.signal }).catch(() => undefined);
    }
    return undefined;
  };
  return await Promise.race([work, kill()]).finally(() => done.abort());
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function resultOf(
  { output }: Probe,
  { start, timeout, end }: { start: Date; timeout: number; end: number | string | undefined },
): ProbeResult {
  const text = output.toString();
  const late = `Health check exceeded timeout (${timeout < 1000 ? `${timeout}ms` : `${timeout / 1000}s`})`;
  const [ExitCode, Output] =
    typeof end === 'number' ? [end, text] : [-1, end ?? (text === '' ? late : `${late}: ${text}`)];
  return { Start: start.toISOString(), End: new Date().toISOString(), ExitCode, Output };
}
