import type { BenchReport } from '../report.ts';
export function renderHtml(report: BenchReport): string {
  return JSON.stringify(report);
}
