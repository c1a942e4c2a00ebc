import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DriverKinds, type Host, isStrataError } from '@strata/core';
import type { BenchPorts } from '../ports.ts';
import type { BenchReport } from '../report.ts';
import { chooseDrivers, driverContext } from '../stage/driver.ts';
import type { Contestant } from '../workloads/workload.ts';
import { KIND } from './remains.ts';

/** A driver of a kind that keeps no data worth a filesystem of its own. */
export interface KindSubject<Kind extends 'network' | 'cgroup'> extends Contestant {
  readonly driver: DriverKinds[Kind];
  /** Free for files. */
  readonly scratch: string;
}

export interface Found<Kind extends 'network' | 'cgroup'> {
  readonly subjects: readonly (KindSubject<Kind> & { readonly summary: string })[];
  readonly leftOut: BenchReport['leftOut'];
}

export interface Where {
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly names: readonly string[] | undefined;
}

export async function openKind<Kind extends 'network' | 'cgroup'>(
  { host, drivers }: BenchPorts,
  kind: Kind,
  { directory, signal, names }: Where,
): Promise<Found<Kind>> {
  const subjects: Found<Kind>['subjects'][number][] = [];
  const leftOut: BenchReport['leftOut'][number][] = [];
  for (const definition of chooseDrivers(drivers, kind, names)) {
    const { id, summary } = definition;
    const scratch = join(directory, id);
    const place = { root: join(scratch, 'root'), runDirectory: join(scratch, 'run'), host, signal };
    try {
      const context = await driverContext(definition, place);
      await writeFile(join(scratch, KIND), kind);
      const probe = await definition.probe(context);
      if (probe.supported) {
        const driver = (await definition.create(context)) as DriverKinds[Kind];
        subjects.push({ id, summary, driver, scratch, host: host as Host, settle: async () => undefined });
      } else leftOut.push({ id, reason: probe.reason, hint: probe.hint });
    } catch (error) {
      if (!isStrataError(error)) throw error;
      leftOut.push({ id, reason: error.message });
    }
  }
  return { subjects, leftOut };
}
