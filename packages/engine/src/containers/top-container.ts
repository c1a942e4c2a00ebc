import { StrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { endOf } from './reap-container.ts';
import { isActive } from './state/container-record.ts';
import { findContainer } from './state/container-store.ts';
import { cgroupOf } from './state/journal.ts';
import { notRunning } from './stop-container.ts';

export interface TopTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** docker top: the host's ps(1) with the user's options, and of its lines those of the container. */
export async function topContainer(
  services: EngineServices,
  reference: string,
  psArguments: readonly string[] = [],
): Promise<TopTable> {
  const record = findContainer(services.database, reference);
  const cgroup = cgroupOf(services.database, record.id);
  if (!isActive(record) || cgroup === undefined || (await endOf(services, record)) !== undefined)
    throw notRunning(record);
  const pids = new Set((await (await services.cgroup()).processes(cgroup)).map(String));
  if (pids.size === 0 && record.process !== undefined) pids.add(String(record.process.process.pid));
  const args = psArguments.length === 0 ? ['-ef'] : psArguments;
  const { stdout, stderr, exitCode } = await services.host.exec.run('ps', args, { okCodes: [0, 1] });
  if (exitCode !== 0) throw badArguments(stderr.trim() || 'ps refused them');
  return selectRows(stdout, pids);
}

/** The PID column is found by its title; the last column may hold blanks. */
export function selectRows(output: string, pids: ReadonlySet<string>): TopTable {
  const [header = '', ...lines] = output.split('\n').filter((line) => line.trim() !== '');
  const titles = header.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw badArguments("couldn't find the PID field in the ps output");
  const rows = lines
    .map((line) => fields(line, titles.length))
    .filter((row) => pids.has(row[pidColumn] ?? ''));
  return { titles, rows };
}

function fields(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/);
  if (words.length <= count) return words;
  return [...words.slice(0, count - 1), words.slice(count - 1).join(' ')];
}

function badArguments(why: string): StrataError {
  return new StrataError('invalid-argument', 'TOP_ARGUMENTS', `Bad arguments for ps: ${why}`, {
    hint: 'The output must have a PID column, as with -ef or -o pid,comm',
  });
}
