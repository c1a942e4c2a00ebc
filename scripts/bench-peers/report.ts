import { cpus, release, totalmem } from 'node:os';
import { comparePaired, summarise } from '../../packages/bench/src/index.ts';
import { figure, span, times } from '../../packages/bench/src/render/units.ts';
import type { Row } from './rows.ts';

export interface RowResult {
  readonly row: Row;
  /** Seconds by engine, in order of the rounds. */
  readonly samples: ReadonlyMap<string, readonly number[]>;
  readonly failures: ReadonlyMap<string, string>;
}

export interface Facts {
  readonly engines: readonly string[];
  readonly peers: readonly string[];
  readonly versions: readonly string[];
  readonly os: string;
  readonly load: readonly [before: number, after: number];
  readonly rounds: number;
  readonly started: Date;
  /** Lines of figures that are not times. */
  readonly further: readonly string[];
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const seconds = (value: number): string => figure(value, 's');

interface Best {
  readonly name: string;
  readonly samples: readonly number[];
}

function bestPeer({ samples }: RowResult, peers: readonly string[]): Best | undefined {
  return peers
    .flatMap((name) => {
      const found = samples.get(name);
      return found === undefined || found.length === 0 ? [] : [{ name, samples: found }];
    })
    .sort((a, b) => summarise(a.samples).median - summarise(b.samples).median)[0];
}

export function writeReport(results: readonly RowResult[], facts: Facts): string {
  const { engines, peers } = facts;
  const ours = engines.filter((name) => !peers.includes(name));
  return `${[
    '# Performance',
    '',
    'Strata beside the engines people use instead, in one run on one machine, each on a memory-backed filesystem, taking turns. `pnpm bench:peers` writes this page anew; [profile.md](profile.md) says what stands in the way of the goals that are missed.',
    '',
    '## Medians',
    '',
    row(['work', ...engines, ...ours.map((name) => `${name} / best peer`)]),
    `|---|${engines.map(() => '--:').join('|')}|${ours.map(() => '--:').join('|')}|`,
    ...results.map((result) =>
      row([
        `**${result.row.title}**: ${result.row.what}`,
        ...engines.map((name) => median(result, name)),
        ...ours.map((name) => ratio(result, name, peers)),
      ]),
    ),
    '',
    'A ratio below 1 means that Strata is faster than the fastest peer of that row; in brackets its 95 % interval, or the range of fewer than six rounds.',
    '',
    '## Goals',
    '',
    row(['work', 'goal', 'measured', '']),
    '|---|--:|--:|---|',
    ...results.flatMap((result) => goalRows(result, peers)),
    '',
    '## Spread',
    '',
    'Every sample, in seconds, in the order measured.',
    '',
    ...results.flatMap((result) => [
      `- ${result.row.title}`,
      ...[...result.samples].map(
        ([name, all]) => `  - ${name}: ${all.map((one) => one.toFixed(3)).join(', ')}`,
      ),
      ...[...result.failures].map(([name, reason]) => `  - ${name} failed: ${reason}`),
    ]),
    '',
    '## Where and how',
    '',
    `- ${cpus().length} × ${cpus()[0]?.model}, ${figure(totalmem(), 'B')} of memory, Linux ${release()}, ${facts.os}`,
    `- ${facts.rounds} rounds after one to warm up, more of what is short, engines in turn; load average ${facts.load[0].toFixed(1)} before, ${facts.load[1].toFixed(1)} after`,
    `- ${facts.started.toISOString()}`,
    ...facts.versions.map((line) => `- ${line}`),
    ...facts.further.map((line) => `- ${line}`),
    '',
    'Every engine keeps its data on ext4 in memory, Strata with btrfs on btrfs in memory. Images are pulled from a registry on loopback. Strata’s pulls end with one `syncfs`, so that they survive a power cut; the column without it shows what that costs. Commands are run by a process that an earlier one left standing by ([ADR 14](adr/0014-standby.md)), as they are unless that is switched off; the column without shows each in a process of its own.',
  ].join('\n')}\n`;
}

function median({ samples, failures }: RowResult, name: string): string {
  const found = samples.get(name);
  if (found !== undefined && found.length > 0) return seconds(summarise(found).median);
  return failures.has(name) ? 'failed' : '–';
}

function ratio(result: RowResult, name: string, peers: readonly string[]): string {
  const best = bestPeer(result, peers);
  const own = result.samples.get(name);
  if (best === undefined || own === undefined || own.length === 0) return '–';
  const compared = comparePaired(best.samples, own, 's');
  return own.length < 2
    ? times(compared.value)
    : `${times(compared.value)} (${span(compared.interval, times)})`;
}

function goalRows(result: RowResult, peers: readonly string[]): string[] {
  const best = bestPeer(result, peers);
  return result.row.goals.map(({ times: goal, of }) => {
    const own = result.samples.get(of);
    const title = `${result.row.title}, ${of}`;
    if (best === undefined || own === undefined || own.length === 0)
      return row([title, `≤ ${goal}× the best`, 'not measured', '']);
    const { value } = comparePaired(best.samples, own, 's');
    return row([title, `≤ ${goal}× ${best.name}`, times(value), value <= goal ? 'met' : '**missed**']);
  });
}
