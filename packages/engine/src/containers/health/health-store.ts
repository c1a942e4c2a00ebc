/** All SQL over `health`. */
import type { Database, ProcessId, SqlRow } from '@strata/core';
import type { HealthStatus } from '../../api/containers.ts';
import { formatLease } from '../../state/lease.ts';
import type { NewContainer } from '../state/container-store.ts';
import { healthPlan } from './health-config.ts';
import type { Health, ProbeResult } from './health-state.ts';

export interface StoredHealth extends Health {
  readonly lease: string | null;
}

type HealthRow = SqlRow & { status: string; streak: number; log: string; lease: string | null };

/** With each start; what earlier runs logged stays, as Docker's. */
export function beginHealth(database: Database, { id, config }: NewContainer): void {
  if (healthPlan(config) === undefined) return;
  database.run(
    `INSERT INTO health (container, status, streak, log) VALUES (?, 'starting', 0, '[]')
       ON CONFLICT (container) DO UPDATE SET status = 'starting', streak = 0, lease = NULL`,
    id,
  );
}

export function healthOf(database: Database, container: string): StoredHealth | undefined {
  const row = database.get<HealthRow>('SELECT * FROM health WHERE container = ?', container);
  return (
    row && {
      status: row.status as HealthStatus,
      streak: row.streak,
      log: JSON.parse(row.log) as ProbeResult[],
      lease: row.lease,
    }
  );
}

/** The keeper takes it over. What is known is as old as the death of the one before, so it begins anew. */
export function adoptHealth(database: Database, container: string, keeper: ProcessId): void {
  database.run(
    "UPDATE health SET lease = ?, status = 'starting', streak = 0 WHERE container = ?",
    formatLease(keeper),
    container,
  );
}

/** False when another run or keeper has it now. */
export function recordHealth(
  database: Database,
  container: string,
  { health, keeper }: { readonly health: Health; readonly keeper: ProcessId },
): boolean {
  const { status, streak, log } = health;
  const { changes } = database.run(
    'UPDATE health SET status = ?, streak = ?, log = ? WHERE container = ? AND lease = ?',
    status,
    streak,
    JSON.stringify(log),
    container,
    formatLease(keeper),
  );
  return changes === 1;
}
