import type { BenchPorts } from '../ports.ts';
import type { BenchReport } from '../report.ts';
import type { ProgressReporter } from '../run/progress.ts';

export interface KindBenchRequest {
  readonly drivers?: readonly string[];
  readonly workloads?: readonly string[];
  readonly runs?: number;
  readonly words: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress?: ProgressReporter;
}

export async function benchKind(
  _ports: BenchPorts,
  _kind: 'network' | 'cgroup',
  _request: KindBenchRequest,
): Promise<BenchReport> {
  throw new Error('not yet');
}
