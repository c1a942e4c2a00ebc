/**
 * # BenchReport: what a run measured, as data
 *
 * The one value behind the table, Markdown, HTML and `--json`; docs/bench-schema.md describes it for readers of the
 * file. Every figure of a metric is in the metric's unit: `s` seconds, `B` bytes, `B/s`, `1/s` operations per
 * second, `inodes`. Nothing in it depends on the locale.
 */
export type Unit = 's' | 'B' | 'B/s' | '1/s' | 'inodes';

export interface Metric {
  readonly id: string;
  /** Lower case, to follow the workload's title: `returns`, `space given back`. */
  readonly title: string;
  readonly unit: Unit;
  readonly better: 'lower' | 'higher';
}

/** At least 95 %, exact for any distribution; with fewer than six samples all there is, which is less. */
export type Interval = readonly [low: number, high: number];

export interface Summary {
  readonly median: number;
  /** Median absolute deviation, unscaled. */
  readonly mad: number;
  readonly p90: number;
  readonly min: number;
  readonly max: number;
  /** Of the median. */
  readonly interval: Interval;
}

export interface Ratio {
  /** Within a report the median of the rounds' ratios; against a baseline the ratio of the medians. */
  readonly value: number;
  readonly interval: Interval;
  /** The runs do not show a difference. */
  readonly noise: boolean;
}

export interface Measured extends Summary {
  readonly subject: string;
  /** In the order measured, warm-up left out. */
  readonly samples: readonly number[];
  /** To the first subject that was measured; absent for that one. */
  readonly ratio?: Ratio;
}

export interface NotMeasured {
  readonly subject: string;
  /** Only this metric; absent: the whole workload. */
  readonly metric?: string;
  /** One sentence: why there are no figures. */
  readonly reason: string;
  /** Not possible here, gone wrong, or the run ended before. */
  readonly cause: 'skipped' | 'failed' | 'stopped';
}

export interface MetricResult extends Metric {
  readonly measured: readonly Measured[];
  readonly verdict: string;
}

export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  /** One sentence: what it tells the reader. */
  readonly tells: string;
  /** State of the page cache when the clock starts. */
  readonly cache: string;
  readonly runs: number;
  readonly metrics: readonly MetricResult[];
  readonly notMeasured: readonly NotMeasured[];
  /** One sentence, by the first metric. */
  readonly verdict: string;
  /** Sentences on metrics that somebody else wins. */
  readonly besides: readonly string[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly os: string;
  readonly architecture: string;
  readonly node: string;
  /** Programs that took part, with the version they print. */
  readonly tools: Readonly<Record<string, string>>;
  /** One-minute load average before and after: others at work make noise. */
  readonly load: readonly [before: number, after: number];
}

export interface SubjectInfo {
  readonly id: string;
  readonly summary: string;
  /** Type of the filesystem its data was on; absent for drivers without data. */
  readonly filesystem?: string;
}

export interface BenchReport {
  readonly schemaVersion: 1;
  readonly kind: 'layer' | 'network' | 'cgroup';
  readonly strata: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Exactly what was typed. */
  readonly command: readonly string[];
  /** Present when the run ended early: what is here is what was measured until then. */
  readonly partial?: string;
  readonly settings: {
    /** Runs per workload; `null`: as many as its time allowed, at least 3. */
    readonly runs: number | null;
    readonly warmup: number;
    readonly backing: string;
    readonly cold: boolean;
    readonly image?: string;
  };
  readonly machine: Machine;
  readonly subjects: readonly SubjectInfo[];
  /** Asked for, or installed, but not able to work here. */
  readonly leftOut: readonly { readonly id: string; readonly reason: string; readonly hint?: string }[];
  readonly workloads: readonly WorkloadResult[];
  readonly comparison?: Comparison;
}

export interface Change {
  readonly workload: string;
  readonly metric: string;
  readonly subject: string;
  readonly unit: Unit;
  readonly before: number;
  readonly after: number;
  /** After over before. */
  readonly ratio: Ratio;
  readonly verdict: 'regression' | 'improvement' | 'noise';
}

export interface Missing {
  readonly workload: string;
  readonly metric: string;
  readonly subject: string;
  readonly reason: string;
}

/** This run against an earlier one (`--baseline`). */
export interface Comparison {
  readonly file: string;
  readonly startedAt: string;
  readonly changes: readonly Change[];
  /** Figures the baseline has and that could not be measured again. Absent in older reports. */
  readonly missing?: readonly Missing[];
  /** Why the two may not be comparable: another machine, kernel, backing, image. */
  readonly warnings: readonly string[];
  readonly regressions: number;
}
