/** The bench of network and cgroup drivers: as of layer drivers, without filesystems and images. */
import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import type { BenchPorts } from '../ports.ts';
import type { BenchReport } from '../report.ts';
import { Course } from '../run/course.ts';
import type { ProgressReporter } from '../run/progress.ts';
import { frameReport, nothingToMeasure, type RunFacts } from '../run/report-frame.ts';
import { temporaryDirectory } from '../stage/backing.ts';
import { openWorkplace } from '../stage/workplace.ts';
import { pick } from '../workloads/catalogue.ts';
import type { Workload } from '../workloads/workload.ts';
import { cgroupWorkloads } from './cgroup.ts';
import { type KindSubject, openKind } from './contestants.ts';
import { networkWorkloads } from './network.ts';

export interface KindBenchRequest extends RunFacts {
  readonly drivers?: readonly string[];
  readonly workloads?: readonly string[];
  readonly onProgress?: ProgressReporter;
}

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

export async function benchKind(
  ports: BenchPorts,
  kind: 'network' | 'cgroup',
  request: KindBenchRequest,
): Promise<BenchReport> {
  if (kind === 'cgroup') return run(ports, kind, cgroupWorkloads, request);
  // A bridge driver turns forwarding on, and rightly leaves it: others may have come to rely on it. We do not.
  const before = await readFile(FORWARDING, 'utf8');
  try {
    return await run(ports, kind, networkWorkloads, request);
  } finally {
    if ((await readFile(FORWARDING, 'utf8')) !== before) await writeFile(FORWARDING, before);
  }
}

async function run<Kind extends 'network' | 'cgroup'>(
  ports: BenchPorts,
  kind: Kind,
  all: readonly Workload<KindSubject<Kind>>[],
  request: KindBenchRequest,
): Promise<BenchReport> {
  const startedAt = new Date();
  const load = loadavg()[0]!;
  const { drivers: names, workloads, signal } = request;
  const chosen = workloads === undefined ? all : pick(all, workloads);
  await using workplace = await openWorkplace(ports, temporaryDirectory());
  const { subjects, leftOut } = await openKind(ports, kind, {
    directory: workplace.directory,
    signal,
    names,
  });
  if (subjects.length === 0) throw nothingToMeasure(leftOut);
  const results = await new Course(subjects, chosen, request).run();
  return await frameReport(ports, request, {
    kind,
    startedAt,
    load,
    settings: { backing: 'not used by these drivers', cold: false },
    subjects: subjects.map(({ id, summary }) => ({ id, summary })),
    leftOut,
    workloads: results,
  });
}
