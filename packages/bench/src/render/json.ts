import type { BenchReport } from '../report.ts';

/** docs/bench-schema.md describes it. */
export function renderJson(report: BenchReport): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
