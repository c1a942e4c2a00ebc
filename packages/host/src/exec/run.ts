import { type RunOptions, type RunResult, StrataError } from '@strata/core';
import type { Options, Result } from 'execa';
import { aborted, throwIfAborted } from '../errors.ts';
import { forgetProgram, programMissing, requireProgram, scrubbedEnvironment } from './programs.ts';

const DEFAULT_TIMEOUT = 30_000;
/** Characters of standard error that end up in a message. */
const SHOWN = 2_000;

function lastLines(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= SHOWN ? trimmed : `…${trimmed.slice(-SHOWN)}`;
}

function execaOptions(options: RunOptions): Options {
  const { input, env, cwd, signal, timeout = DEFAULT_TIMEOUT } = options;
  return {
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    env: scrubbedEnvironment(env),
    extendEnv: false,
    timeout,
    killSignal: 'SIGKILL',
    reject: false,
    stripFinalNewline: false,
  };
}

function failure(program: string, result: Result, options: RunOptions): StrataError {
  const stderr = lastLines(String(result.stderr ?? ''));
  const { timeout = DEFAULT_TIMEOUT } = options;
  if (result.timedOut)
    return new StrataError('unavailable', 'PROGRAM_TIMEOUT', `${program} did not end within ${timeout} ms`, {
      hint: stderr || 'Look at the load of the machine, then try again',
      context: { program },
    });
  const how = result.signal ? `was killed by ${result.signal}` : `failed with exit status ${result.exitCode}`;
  const message = stderr ? `${program} ${how}: ${stderr}` : `${program} ${how}`;
  const context = {
    program,
    stderr,
    ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
  };
  return new StrataError('internal', 'PROGRAM_FAILED', message, { cause: result, context });
}

/** Run to the end through execa, which is loaded by the first call. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  throwIfAborted(options.signal);
  const [path, { execa }] = await Promise.all([requireProgram(program), import('execa')]);
  const result = (await execa(path, args, execaOptions(options))) as Result;
  if (result.isCanceled && options.signal) throw aborted(options.signal);
  if (result.failed && result.code === 'ENOENT') {
    forgetProgram(program);
    throw programMissing(program);
  }
  const { okCodes = [0] } = options;
  if (result.exitCode === undefined || !okCodes.includes(result.exitCode))
    throw failure(program, result, options);
  return {
    exitCode: result.exitCode,
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? ''),
  };
}
