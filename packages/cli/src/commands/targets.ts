import type { CommandResult } from '../context.ts';

const PARALLEL = 8;

/** Do one thing to several targets at once and print each as docker does: in order, as soon as it is known. */
export function eachTarget(
  targets: readonly string[],
  act: (target: string) => Promise<string | readonly string[] | undefined>,
): CommandResult {
  const failures: unknown[] = [];
  return { output: { kind: 'stream', lines: lines(targets, act, failures) }, failures };
}

async function* lines(
  targets: readonly string[],
  act: (target: string) => Promise<string | readonly string[] | undefined>,
  failures: unknown[],
): AsyncIterable<string> {
  const started: Promise<{ value: string | readonly string[] | undefined } | { error: unknown }>[] = [];
  const start = (at: number): void => {
    const target = targets[at];
    if (target === undefined) return;
    started[at] = act(target).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
  };
  for (let at = 0; at < PARALLEL; at++) start(at);
  for (let at = 0; at < targets.length; at++) {
    const result = await started[at]!;
    start(at + PARALLEL);
    if ('error' in result) failures.push(result.error);
    else if (result.value !== undefined) yield* [result.value].flat();
  }
}
