/** `ps --filter` as SQL where columns allow it, as a predicate where not. Docker's semantics: OR within, AND between. */
import type { Database, SqlValue } from '@strata/core';
import type { ContainerFilter, ContainerSummary } from '../api/containers.ts';
import { findContainer } from './state/container-store.ts';

export interface FilterClauses {
  readonly where: string;
  readonly values: SqlValue[];
  readonly matches: (summary: ContainerSummary) => boolean;
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
  return {
    where: clauses.length > 0 ? clauses.join(' AND ') : '1',
    values,
    matches: (summary) => (all || filter.status !== undefined || isUp(summary)) && satisfies(summary, filter),
  };
}

function isUp({ status }: ContainerSummary): boolean {
  return status === 'running' || status === 'paused' || status === 'restarting';
}

function satisfies(summary: ContainerSummary, filter: ContainerFilter): boolean {
  const { status, names, ids, labels, ancestor, exited, health } = filter;
  const any = <T>(wanted: readonly T[] | undefined, test: (value: T) => boolean) =>
    wanted === undefined || wanted.length === 0 || wanted.some(test);
  return (
    any(
      status,
      (wanted) => wanted === summary.status || (wanted === 'created' && summary.status === 'creating'),
    ) &&
    any(names, (wanted) => matchesName(summary.name, wanted)) &&
    any(ids, (wanted) => summary.id.startsWith(wanted)) &&
    (labels ?? []).every((wanted) => hasLabel(summary.labels, wanted)) &&
    any(ancestor, (wanted) => isAncestor(summary, wanted)) &&
    any(filter.networks, (wanted) => (summary.networks ?? [summary.network]).includes(wanted)) &&
    any(health, (wanted) => wanted === (summary.health ?? 'none')) &&
    any(exited, (code) => summary.status === 'exited' && summary.exitCode === code)
  );
}

/** docker: a regular expression that matches anywhere; text that is none is compared as it is. */
function matchesName(name: string, wanted: string): boolean {
  try {
    return new RegExp(wanted).test(name) || new RegExp(wanted).test(`/${name}`);
  } catch {
    return name.includes(wanted);
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
