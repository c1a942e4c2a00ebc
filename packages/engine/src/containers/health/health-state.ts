/** Docker's state machine of a health check (moby daemon/health.go): what a result makes of the state. Pure. */
import type { HealthStatus } from '../../api/containers.ts';
import type { HealthPlan } from './health-config.ts';

/** As `docker inspect` shows it. */
export interface ProbeResult {
  /** ISO 8601. */
  readonly Start: string;
  readonly End: string;
  /** −1: it could not be run, or was killed after its timeout. */
  readonly ExitCode: number;
  readonly Output: string;
}

export interface Health {
  readonly status: HealthStatus;
  /** Failures in a row that count. */
  readonly streak: number;
  /** Oldest first. */
  readonly log: readonly ProbeResult[];
}

const keptResults = 5;

export function afterProbe(
  health: Health,
  result: ProbeResult,
  run: { readonly plan: HealthPlan; readonly started: Date },
): Health {
  const log = [...health.log, result].slice(-keptResults);
  if (result.ExitCode === 0) return { status: 'healthy', streak: 0, log };
  const { plan, started } = run;
  const age = Date.parse(result.Start) - started.getTime();
  // Until it was healthy once, failures in the start period are expected.
  if (health.status === 'starting' && age < plan.startPeriod) return { ...health, log };
  const streak = health.streak + 1;
  return { status: streak >= plan.retries ? 'unhealthy' : health.status, streak, log };
}

/** Milliseconds from now to the next probe. */
export function nextProbe(
  { status }: Pick<Health, 'status'>,
  { plan, started }: { readonly plan: HealthPlan; readonly started: Date },
  now: number,
): number {
  const eager = status === 'starting' && now - started.getTime() < plan.startPeriod;
  return eager ? plan.startInterval : plan.interval;
}
