import { open } from 'node:fs/promises';
import { StrataError } from '@strata/core';
import * as v from 'valibot';
import type { BenchReport } from '../report.ts';
import type { Baseline } from './compare.ts';
import { reportSchema } from './schema.ts';

const MOST_BYTES = 64 * 2 ** 20;

/** An earlier report, of this kind of drivers. @throws invalid-argument `BENCH_BASELINE` */
export async function readBaseline(file: string, kind?: BenchReport['kind']): Promise<Baseline> {
  const value = parse(file, await content(file));
  const checked = v.safeParse(reportSchema, value, { abortEarly: true });
  if (checked.success) {
    const { output: report } = checked;
    if (kind !== undefined && report.kind !== kind)
      throw unusable(file, `is of ${report.kind} drivers, which are not compared with ${kind} drivers`);
    return { file, report };
  }
  const [issue] = checked.issues;
  const where = v.getDotPath(issue) ?? 'the whole';
  throw unusable(file, `is not a report of strata bench: ${where}: ${issue.message}`);
}

async function content(file: string): Promise<string> {
  await using handle = await open(file).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(file, cause.code === 'ENOENT' ? 'does not exist' : `cannot be read: ${cause.message}`);
  });
  const stats = await handle.stat();
  if (stats.isDirectory()) throw unusable(file, 'is a directory');
  const { size } = stats;
  if (size > MOST_BYTES) throw unusable(file, 'is larger than 64 MiB');
  return await handle.readFile('utf8');
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unusable(file, `is not JSON: ${(cause as Error).message}`);
  }
}

function unusable(file: string, problem: string): StrataError {
  return new StrataError('invalid-argument', 'BENCH_BASELINE', `${file} ${problem}`, {
    hint: 'A baseline is what `strata bench --json FILE` wrote',
  });
}
