import { isStrataError } from '@strata/core';
import type { CommandResult } from '../context.ts';

const PARALLEL = 8;

/** As docker's forced removals: of what does not exist it is said so, and that is all there is to it. */
export function eachRemoval(
  targets: readonly string[],
  force: boolean,
  act: (target: string) => Promise<string | readonly string[]>,
): CommandResult {
  let real = 0;
  const result = eachTarget(targets, async (target) => {
    try {
      return await act(target);
    } catch (error) {
      if (!force || !isStrataError(error, 'not-found')) real++;
      throw error;
    }
  });
  return {
    ...result,
    get forgiven() {
      return real === 0;
    },
  };
}

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
