/**
 * The undo journal. A row of `intents` stands for something outside the database that may exist: it is written
 * before the thing is made and deleted after the thing is gone. So the rows of a container are all it holds, and
 * whoever comes later, after whatever crash, can take it down by undoing them newest first.
 */
import type { CgroupRef, Database } from '@strata/core';

/** Steps as data. `phase` says how long the thing lives: with the container, or with one run of it. */
export type Step =
  | { readonly step: 'directory'; readonly path: string }
  | { readonly step: 'layer'; readonly driver: string; readonly key: string }
  | { readonly step: 'run-directory'; readonly path: string }
  | { readonly step: 'mount'; readonly target: string }
  /** Namespace, links, leases and rules of the container with this id. */
  | { readonly step: 'network'; readonly id: string }
  | {
      readonly step: 'cgroup';
      readonly id: string;
      readonly parent: string | undefined;
      /** Known once it was made. */
      readonly ref: CgroupRef | undefined;
    }
  | { readonly step: 'runtime'; readonly driver: string; readonly id: string };

const creationSteps = ['directory', 'layer'];

export interface Intent {
  readonly seq: number;
  readonly container: string;
  readonly step: Step;
}

interface IntentRow extends Record<string, string | number> {
  seq: number;
  container: string;
  step: string;
  data: string;
}

export function planSteps(database: Database, container: string, steps: readonly Step[]): void {
  const now = new Date().toISOString();
  for (const step of steps)
    database.run(
      'INSERT INTO intents (container, step, data, created) VALUES (?, ?, ?, ?)',
      container,
      step.step,
      JSON.stringify(step),
      now,
    );
}

/** Newest first: the order in which they are undone. */
export function intentsOf(database: Database, container: string, phase: 'run' | 'all' = 'all'): Intent[] {
  return database
    .all<IntentRow>('SELECT * FROM intents WHERE container = ? ORDER BY seq DESC', container)
    .filter((row) => phase === 'all' || !creationSteps.includes(row.step))
    .map(intentOf);
}

/** Intents whose container has no row: what a crash between two transactions leaves. */
export function orphanIntents(database: Database): Intent[] {
  return database
    .all<IntentRow>(
      'SELECT * FROM intents WHERE container NOT IN (SELECT id FROM containers) ORDER BY seq DESC',
    )
    .map(intentOf);
}

export function recordCgroup(database: Database, container: string, ref: CgroupRef): void {
  const intent = intentsOf(database, container).find(({ step }) => step.step === 'cgroup');
  if (intent === undefined) return;
  const data = JSON.stringify({ ...intent.step, ref });
  database.run('UPDATE intents SET data = ? WHERE seq = ?', data, intent.seq);
}

export function cgroupOf(database: Database, container: string): CgroupRef | undefined {
  for (const { step } of intentsOf(database, container)) if (step.step === 'cgroup') return step.ref;
  return undefined;
}

export function forgetIntents(database: Database, intents: readonly Intent[]): void {
  for (const { seq } of intents) database.run('DELETE FROM intents WHERE seq = ?', seq);
}

function intentOf(row: IntentRow): Intent {
  return { seq: row.seq, container: row.container, step: JSON.parse(row.data) as Step };
}
