/** @module `strata bench`: drivers measured against each other, and the report. */

export { withComparison } from './baseline/compare.ts';
export { readBaseline } from './baseline/read.ts';
export { benchKind } from './kinds/bench-kind.ts';
export type { BenchPorts, EnginePlace } from './ports.ts';
export { renderHtml } from './render/html/page.ts';
export { renderJson } from './render/json.ts';
export { renderMarkdown } from './render/markdown.ts';
export { renderTable } from './render/table.ts';
export type * from './report.ts';
export { benchLayers, type LayerBenchRequest } from './run/bench.ts';
export type { BenchProgress, ProgressReporter } from './run/progress.ts';
export { parseBacking } from './stage/backing.ts';
export { comparePaired } from './stats/compare.ts';
export { summarise } from './stats/summary.ts';
export { chooseWorkloads } from './workloads/catalogue.ts';
