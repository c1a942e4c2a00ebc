import type { NotMeasured, WorkloadResult } from '../report.ts';
import { assess } from '../stats/assess.ts';
import type { Contestant, Measures, Opened, Workload } from '../workloads/workload.ts';
import { Clockwork, type ProgressReporter } from './progress.ts';
import { messageOf } from './report-frame.ts';

/** Seconds a workload may take for all drivers once each has had its least runs. */
const BUDGET = 40;
const LEAST = 3;
/** The least at which a 95 % interval of the median allows for one bad run on either side. */
const DEFAULT_RUNS = 9;

export interface CourseOptions {
  readonly runs?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: ProgressReporter;
}

/** A driver in the middle of a workload. */
interface Runner<S> {
  readonly subject: S;
  readonly opened: Opened;
  readonly measures: Measures[];
  failed: boolean;
}

/** Every workload, drivers taking turns within it. */
export class Course<S extends Contestant> {
  readonly #subjects: readonly S[];
  readonly #workloads: readonly Workload<S>[];
  readonly #options: CourseOptions;
  readonly #clockwork: Clockwork;

  constructor(subjects: readonly S[], workloads: readonly Workload<S>[], options: CourseOptions) {
    this.#subjects = subjects;
    this.#workloads = workloads;
    this.#options = options;
    this.#clockwork = new Clockwork(workloads.length);
  }

  async run(): Promise<WorkloadResult[]> {
    const results: WorkloadResult[] = [];
    for (const workload of this.#workloads) {
      if (this.#options.signal.aborted) break;
      const result = await this.#workload(workload);
      results.push(result);
      this.#options.onProgress?.({ kind: 'workload', title: result.title, verdict: result.verdict });
      this.#clockwork.next();
    }
    return results;
  }

  async #workload(workload: Workload<S>): Promise<WorkloadResult> {
    const absent: NotMeasured[] = [];
    const runners: Runner<S>[] = [];
    try {
      for (const subject of this.#subjects) await this.#open(workload, subject, { runners, absent });
      await this.#rounds(workload, runners, absent);
    } finally {
      for (const { opened, subject } of runners) {
        for (const [metric, reason] of opened.cannot ?? [])
          absent.push({ subject: subject.id, metric, cause: 'skipped', reason });
        await opened
          .close?.()
          .catch((error: unknown) =>
            absent.push({ subject: subject.id, cause: 'failed', reason: `tidying up: ${messageOf(error)}` }),
          );
        await subject.settle().catch((error: unknown) => this.#fail(subject, error, absent));
      }
    }
    return assess(workload, {
      samples: runners.map(({ subject, measures }) => ({ subject: subject.id, measures })),
      absent,
    });
  }

  async #open(
    workload: Workload<S>,
    subject: S,
    { runners, absent }: { readonly runners: Runner<S>[]; readonly absent: NotMeasured[] },
  ): Promise<void> {
    if (this.#options.signal.aborted) return;
    this.#tell(workload, subject, { step: 'prepare', share: 0 });
    try {
      const opened = await workload.open(subject, this.#options.signal);
      if ('skip' in opened) absent.push({ subject: subject.id, cause: 'skipped', reason: opened.skip });
      else runners.push({ subject, opened, measures: [], failed: false });
    } catch (error) {
      await this.#fail(subject, error, absent);
    }
  }

  /** Round 0 is the warm-up. Who begins changes from round to round, so that being first helps nobody. */
  async #rounds(workload: Workload<S>, runners: readonly Runner<S>[], absent: NotMeasured[]): Promise<void> {
    const started = performance.now();
    const runs = this.#options.runs ?? (workload.exact === true ? 1 : DEFAULT_RUNS);
    const first = workload.exact === true ? 1 : 0;
    for (let round = first; round <= runs; round++) {
      const late = performance.now() - started > BUDGET * 1000;
      if (this.#options.runs === undefined && late && round > LEAST) return;
      for (let turn = 0; turn < runners.length; turn++) {
        const runner = runners[(turn + round) % runners.length]!;
        if (runner.failed) continue;
        if (this.#options.signal.aborted) return;
        const share = (round - first + turn / runners.length) / (runs + 1 - first);
        this.#tell(workload, runner.subject, { step: round, share, runs });
        try {
          await runner.subject.rest?.();
          const measures = await runner.opened.run();
          if (round > 0) runner.measures.push(measures);
        } catch (error) {
          runner.failed = true;
          await this.#fail(runner.subject, error, absent);
        }
      }
    }
  }

  async #fail(subject: S, error: unknown, absent: NotMeasured[]): Promise<void> {
    if (this.#options.signal.aborted) return;
    const shortage = await subject.shortage?.().catch(() => undefined);
    const reason = `${messageOf(error)}${shortage === undefined ? '' : ` (${shortage})`}`;
    absent.push({ subject: subject.id, cause: 'failed', reason });
    subject.host.log.debug('a workload failed', { subject: subject.id, error });
  }

  #tell(
    { title }: Workload<S>,
    { id }: S,
    { step, share, runs = 0 }: { step: 'prepare' | number; share: number; runs?: number },
  ): void {
    this.#options.onProgress?.({
      kind: 'step',
      workload: title,
      subject: id,
      step,
      runs,
      ...this.#clockwork.at(share),
    });
  }
}
