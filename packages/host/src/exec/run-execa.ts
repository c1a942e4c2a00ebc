import type { RunOptions } from '@strata/core';
import { execa, type Options, type Result } from 'execa';
import { DEFAULT_TIMEOUT, MAX_OUTPUT, type Outcome } from './outcome.ts';
import { scrubbedEnvironment } from './programs.ts';

function execaOptions(options: RunOptions): Options {
  const { input, env, cwd, signal, timeout = DEFAULT_TIMEOUT } = options;
  return {
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    env: scrubbedEnvironment(env),
    extendEnv: false,
    timeout,
    maxBuffer: MAX_OUTPUT,
    killSignal: 'SIGKILL',
    reject: false,
    stripFinalNewline: false,
  };
}

function stopped(result: Result): Outcome['stopped'] {
  if (result.isCanceled) return 'aborted';
  if (result.timedOut) return 'timeout';
  return result.isMaxBuffer ? 'output' : undefined;
}

/** The portable way, where the addon or the kernel cannot. It waits for the end of the output too. */
export async function runWithExeca(
  path: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Outcome> {
  const result = (await execa(path, args, execaOptions(options))) as Result;
  // Not started at all: the errno is what counts.
  if (result.failed && result.code !== undefined && result.exitCode === undefined && !stopped(result))
    throw result;
  return {
    exitCode: result.exitCode,
    signal: result.signal as NodeJS.Signals | undefined,
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? ''),
    stopped: stopped(result),
  };
}
