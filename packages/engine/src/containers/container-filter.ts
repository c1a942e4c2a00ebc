/** `ps --filter` as SQL where columns allow it, as a predicate where not. Docker's semantics: OR within, AND between. */
import type { Database, SqlValue } from '@strata/core';
import type { ContainerFilter, ContainerSummary } from '../api/containers.ts';
import { findContainer } from './state/container-store.ts';

export interface FilterClauses {
  readonly where: string;
  readonly values: SqlValue[];
  /** Undefined: all do. */
  readonly matches: ((summary: ContainerSummary) => boolean) | undefined;
}

export function filterClauses(database: Database, filter: ContainerFilter): FilterClauses {
  const clauses: string[] = [];
  const values: SqlValue[] = [];
  const add = (clause: string, ...bound: SqlValue[]) => {
    clauses.push(clause);
    values.push(...bound);
  };
  const all = filter.all === true || filter.last !== undefined;
  // A stored `running` may have ended meanwhile, so statuses are compared after the look at /proc.
  if (!all && filter.status === undefined) add("status IN ('running', 'paused', 'restarting')");
  if (filter.before !== undefined) add('created < ?', createdOf(database, filter.before));
  if (filter.since !== undefined) add('created > ?', createdOf(database, filter.since));
  const conditions = conditionsOf(filter);
  if (!all && filter.status === undefined) conditions.unshift(isUp);
  return {
    where: clauses.length > 0 ? clauses.join(' AND ') : '1',
    values,
    matches:
      all && conditions.length === 0 ? undefined : (summary) => conditions.every((holds) => holds(summary)),
  };
}

function isUp({ status }: ContainerSummary): boolean {
  return status === 'running' || status === 'paused' || status === 'restarting';
}

type Condition = (summary: ContainerSummary) => boolean;

/** Only of what was asked for: they are called for every container. */
function conditionsOf(filter: ContainerFilter): Condition[] {
  const conditions: Condition[] = [];
  const any = <T>(
    wanted: readonly T[] | undefined,
    test: (value: T, summary: ContainerSummary) => boolean,
  ) => {
    if (wanted !== undefined && wanted.length > 0)
      conditions.push((summary) => wanted.some((value) => test(value, summary)));
  };
  any(
    filter.status,
    (wanted, { status }) => wanted === status || (wanted === 'created' && status === 'creating'),
  );
  any(filter.names?.map(nameTest), (matches, { name }) => matches(name));
  any(filter.ids, (wanted, { id }) => id.startsWith(wanted));
  for (const wanted of filter.labels ?? []) conditions.push(({ labels }) => hasLabel(labels, wanted));
  any(filter.ancestor, (wanted, summary) => isAncestor(summary, wanted));
  any(filter.networks, (wanted, { networks, network }) => (networks ?? [network]).includes(wanted));
  any(filter.health, (wanted, { health }) => wanted === (health ?? 'none'));
  any(filter.exited, (code, { status, exitCode }) => status === 'exited' && exitCode === code);
  return conditions;
}

/** docker: a regular expression that matches anywhere; text that is none is compared as it is. */
function nameTest(wanted: string): (name: string) => boolean {
  try {
    const pattern = new RegExp(wanted);
    return (name) => pattern.test(name) || pattern.test(`/${name}`);
  } catch {
    return (name) => name.includes(wanted);
  }
}

export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  if (at < 0) return Object.hasOwn(labels, wanted);
  const name = wanted.slice(0, at);
  return Object.hasOwn(labels, name) && labels[name] === wanted.slice(at + 1);
}

/** `alpine`, `alpine:3`, a canonical name, an id or a prefix of one. */
function isAncestor({ image, imageId }: ContainerSummary, wanted: string): boolean {
  const id = imageId.replace(/^sha256:/, '');
  if (/^(sha256:)?[0-9a-f]{4,64}$/.test(wanted) && id.startsWith(wanted.replace(/^sha256:/, ''))) return true;
  const familiar = image.replace(/^docker\.io\/(library\/)?/, '');
  const untagged = (name: string) => name.replace(/:[^:/]+$/, '');
  return [image, familiar, untagged(image), untagged(familiar)].includes(wanted);
}

function createdOf(database: Database, reference: string): string {
  return findContainer(database, reference).created.toISOString();
}
