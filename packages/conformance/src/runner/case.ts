/**
 * # A case is data
 *
 * So that one suite runs under vitest, under `strata driver test`, and against the broken drivers that test the suite.
 * A case that does not apply says so from declared capabilities, with a reason people read; never from a name.
 */
export interface ConformanceCase<Context, Traits> {
  /** Begins with its source: `containerd/…`, `graphtest/…`, `strata/…`. Unique in its suite. */
  readonly name: string;
  /** Why it does not apply; `undefined` when it does. */
  readonly excludedBy?: (traits: Traits) => string | undefined;
  run(context: Context): Promise<void>;
}

export type CaseResult =
  | { readonly name: string; readonly outcome: 'passed'; readonly milliseconds: number }
  | {
      readonly name: string;
      readonly outcome: 'failed';
      readonly milliseconds: number;
      readonly error: unknown;
    }
  | { readonly name: string; readonly outcome: 'excluded'; readonly reason: string };

/** Thrown by a case that finds that it does not apply where the suite runs: excluded, with this reason. */
export class NotApplicable extends Error {}

/** How a suite gets a fresh context for each case and takes it back, looking for leaks. */
export interface SuiteTarget<Context, Traits> {
  open(): Promise<{ readonly context: Context; readonly traits: Traits; close(): Promise<void> }>;
}

/** Run one case in a context of its own. The leak probe of `close` counts; the case's own error comes first. */
export async function runCase<Context, Traits>(
  target: SuiteTarget<Context, Traits>,
  test: ConformanceCase<Context, Traits>,
): Promise<CaseResult> {
  const start = performance.now();
  const opened = await target.open();
  let error: unknown;
  let reason = test.excludedBy?.(opened.traits);
  try {
    if (reason === undefined) await test.run(opened.context);
  } catch (caught) {
    if (caught instanceof NotApplicable) reason = caught.message;
    else error = caught;
  }
  try {
    await opened.close();
  } catch (caught) {
    error ??= caught;
  }
  const milliseconds = performance.now() - start;
  if (error !== undefined) return { name: test.name, outcome: 'failed', milliseconds, error };
  if (reason !== undefined) return { name: test.name, outcome: 'excluded', reason };
  return { name: test.name, outcome: 'passed', milliseconds };
}

/** How long a case may take before it counts as hanging and the next one begins. */
export interface Patience {
  readonly milliseconds: number;
}

/** Run cases one after another, yielding each result as it comes. */
export async function* runCases<Context, Traits>(
  target: SuiteTarget<Context, Traits>,
  cases: readonly ConformanceCase<Context, Traits>[],
  patience?: Patience,
): AsyncGenerator<CaseResult> {
  for (const test of cases)
    yield patience === undefined ? await runCase(target, test) : await withPatience(target, test, patience);
}

async function withPatience<Context, Traits>(
  target: SuiteTarget<Context, Traits>,
  test: ConformanceCase<Context, Traits>,
  { milliseconds }: Patience,
): Promise<CaseResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CaseResult>((resolve) => {
    const error = new Error(`it does not end within ${milliseconds / 1000} s`);
    timer = setTimeout(
      () => resolve({ name: test.name, outcome: 'failed', milliseconds, error }),
      milliseconds,
    );
  });
  try {
    const done = runCase(target, test).catch(
      (error: unknown): CaseResult => ({ name: test.name, outcome: 'failed', milliseconds: 0, error }),
    );
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
