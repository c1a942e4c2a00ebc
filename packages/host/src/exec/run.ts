import { errnoOf, type RunOptions, type RunResult, StrataError } from '@strata/core';
import { aborted, throwIfAborted } from '../errors.ts';
import { canStartDirectly } from './child.ts';
import { startFailure } from './failure.ts';
import { DEFAULT_TIMEOUT, MAX_OUTPUT, type Outcome, type Runner } from './outcome.ts';
import { requireProgram } from './programs.ts';

/** Characters of standard error that end up in a message. */
const SHOWN = 2_000;

function lastLines(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= SHOWN ? trimmed : `…${trimmed.slice(-SHOWN)}`;
}

function failure(program: string, outcome: Outcome, { timeout = DEFAULT_TIMEOUT }: RunOptions): StrataError {
  const { exitCode, signal, stopped } = outcome;
  const stderr = lastLines(outcome.stderr);
  if (stopped === 'timeout')
    return new StrataError('unavailable', 'PROGRAM_TIMEOUT', `${program} did not end within ${timeout} ms`, {
      hint: stderr || 'Look at the load of the machine, then try again',
      context: { program },
    });
  if (stopped === 'output')
    return new StrataError(
      'resource-exhausted',
      'PROGRAM_OUTPUT_TOO_LARGE',
      `${program} wrote more than ${MAX_OUTPUT} bytes`,
      { context: { program } },
    );
  const how = signal ? `was killed by ${signal}` : `failed with exit status ${exitCode}`;
  const message = stderr ? `${program} ${how}: ${stderr}` : `${program} ${how}`;
  const context = { program, stderr, ...(exitCode === undefined ? {} : { exitCode }) };
  return new StrataError('internal', 'PROGRAM_FAILED', message, { context });
}

async function runner(): Promise<Runner> {
  return canStartDirectly()
    ? (await import('./run-directly.ts')).runDirectly
    : (await import('./run-execa.ts')).runWithExeca;
}

/** Run to the end. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  throwIfAborted(options.signal);
  const path = requireProgram(program);
  const start = await runner();
  const outcome = await start(path, args, options).catch((cause) => {
    if (errnoOf(cause) === undefined) throw cause;
    throw startFailure(program, cause, options.cwd);
  });
  if (outcome.stopped === 'aborted' && options.signal) throw aborted(options.signal);
  const { exitCode, stdout, stderr } = outcome;
  const { okCodes = [0] } = options;
  if (outcome.stopped !== undefined || exitCode === undefined || !okCodes.includes(exitCode))
    throw failure(program, outcome, options);
  return { exitCode, stdout, stderr };
}
