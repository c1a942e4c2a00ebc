/** The health check of one run of a container: wait → probe → record, until it ends. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineServices } from '../../services.ts';
import { volatileTransaction } from '../../state/volatile.ts';
import { emitContainer } from '../container-events.ts';
import { type ContainerRecord, isActive } from '../state/container-record.ts';
import { containerById } from '../state/container-store.ts';
import type { HealthPlan } from './health-config.ts';
import { afterProbe, type Health, nextProbe, type ProbeResult } from './health-state.ts';
import { adoptHealth, beginHealth, healthOf, recordHealth } from './health-store.ts';
import { probe } from './probe.ts';
import { endLeftProbe, sameRun } from './probe-exec.ts';
import { isExiting } from './process-stat.ts';

/** Milliseconds until a container that is busy or paused is looked at again. */
const pause = 250;
const SIGKILL = 9;

interface Watch {
  readonly plan: HealthPlan;
  readonly signal: AbortSignal;
}

/** Returns when the run has ended or another keeper has it; rejects on `signal`. */
export async function watchContainer(
  services: EngineServices,
  record: ContainerRecord,
  watch: Watch,
): Promise<void> {
  const { plan, signal } = watch;
  const run = { plan, started: record.started ?? new Date() };
  let { health, wait } = await adopt(services, record, run);
  for (;;) {
    await delay(wait, undefined, { signal });
    const result = await probe(services, record, watch);
    if (result === undefined || !isFinding(services, record, result)) {
      wait = await untilThawed(services, record, watch);
      continue;
    }
    const next = afterProbe(health, result, run);
    if (!keepResult(services, record, { before: health, after: next })) return;
    health = next;
    wait = nextProbe(health, run, Date.now());
  }
}

async function adopt(
  services: EngineServices,
  record: ContainerRecord,
  run: { readonly plan: HealthPlan; readonly started: Date },
): Promise<{ health: Health; wait: number }> {
  const { database, host } = services;
  const before = healthOf(database, record.id);
  await endLeftProbe(services, record.id);
  volatileTransaction(database, () => {
    // One that an older version started has no row.
    if (before === undefined) beginHealth(database, record);
    adoptHealth(database, record.id, host.processes.self);
  });
  const health: Health = { status: 'starting', streak: 0, log: before?.log ?? [] };
  // After the death of another keeper nobody knows how it is, and it has waited long enough.
  if (before !== undefined && before.lease !== null) return { health, wait: 0 };
  const age = Date.now() - run.started.getTime();
  return { health, wait: Math.max(0, nextProbe(health, run, Date.now()) - age) };
}

/** How long to wait then: after a pause an interval, as from the start (moby health.go). */
async function untilThawed(
  services: EngineServices,
  { id }: ContainerRecord,
  { plan, signal }: Watch,
): Promise<number> {
  const paused = () => containerById(services.database, id)?.status === 'paused';
  if (!paused()) return pause;
  while (paused()) await delay(pause, undefined, { signal });
  return plan.interval;
}

/** Or it failed only as the container is being ended, of which nobody may have recorded anything yet. */
function isFinding(
  { database }: EngineServices,
  { id }: ContainerRecord,
  { ExitCode }: ProbeResult,
): boolean {
  const now = containerById(database, id);
  if (now?.process === undefined || isExiting(now.process.process.pid)) return false;
  return !(now.stopped && ExitCode === 128 + SIGKILL);
}

/** False when this run has ended, or it is not ours any more. */
function keepResult(
  services: EngineServices,
  record: ContainerRecord,
  { before, after }: { readonly before: Health; readonly after: Health },
): boolean {
  const { database, host } = services;
  return volatileTransaction(database, () => {
    const now = containerById(database, record.id);
    if (now === undefined || !isActive(now) || !sameRun(now, record)) return false;
    // The init is dead, and with it went the probe: no finding.
    if (now.process === undefined || !host.processes.alive(now.process.process)) return false;
    const kept = recordHealth(database, record.id, { health: after, keeper: host.processes.self });
    if (kept && after.status !== before.status)
      emitContainer(services, now, `health_status: ${after.status}`);
    return kept;
  });
}
