/** The report's shape, checked when one is read back. docs/bench-schema.md says what the fields mean. */
import * as v from 'valibot';
import type { BenchReport } from '../report.ts';

const MANY = 10_000;
/** As long as an argument may be (MAX_ARG_STRLEN, execve(2)): commands are in it. */
const text = v.pipe(v.string(), v.maxLength(1 << 18));
const number = v.pipe(v.number(), v.finite());
const optionalText = v.exactOptional(text);
const list = <S extends v.GenericSchema>(item: S) => v.pipe(v.array(item), v.maxLength(MANY), v.readonly());

const unit = v.picklist(['s', 'B', 'B/s', '1/s', 'inodes']);
const interval = v.pipe(v.tuple([number, number]), v.readonly());
const ratio = v.object({ value: number, interval, noise: v.boolean() });

const measured = v.object({
  subject: text,
  samples: v.pipe(v.array(number), v.minLength(1), v.maxLength(MANY), v.readonly()),
  median: number,
  mad: number,
  p90: number,
  min: number,
  max: number,
  interval,
  ratio: v.exactOptional(ratio),
});

const metric = v.object({
  id: text,
  title: text,
  unit,
  better: v.picklist(['lower', 'higher']),
  measured: list(measured),
  verdict: text,
});

const workload = v.object({
  id: text,
  title: text,
  tells: text,
  cache: text,
  runs: number,
  metrics: list(metric),
  notMeasured: list(
    v.object({
      subject: text,
      metric: optionalText,
      reason: text,
      cause: v.picklist(['skipped', 'failed', 'stopped']),
    }),
  ),
  verdict: text,
  besides: list(text),
});

const machine = v.object({
  cpu: text,
  cores: number,
  memoryBytes: number,
  kernel: text,
  os: text,
  architecture: text,
  node: text,
  tools: v.record(text, text),
  load: v.pipe(v.tuple([number, number]), v.readonly()),
});

const comparison = v.object({
  file: text,
  startedAt: text,
  changes: list(
    v.object({
      workload: text,
      metric: text,
      subject: text,
      unit,
      before: number,
      after: number,
      ratio,
      verdict: v.picklist(['regression', 'improvement', 'noise']),
    }),
  ),
  missing: v.exactOptional(list(v.object({ workload: text, metric: text, subject: text, reason: text }))),
  warnings: list(text),
  regressions: number,
});

export const reportSchema: v.GenericSchema<unknown, BenchReport> = v.object({
  schemaVersion: v.literal(1),
  kind: v.picklist(['layer', 'network', 'cgroup']),
  strata: text,
  startedAt: text,
  finishedAt: text,
  command: list(text),
  partial: optionalText,
  settings: v.object({
    runs: v.nullable(number),
    warmup: number,
    backing: text,
    cold: v.boolean(),
    image: optionalText,
  }),
  machine,
  subjects: list(v.object({ id: text, summary: text, filesystem: optionalText })),
  leftOut: list(v.object({ id: text, reason: text, hint: optionalText })),
  workloads: list(workload),
  comparison: v.exactOptional(comparison),
});
