import { readFileSync } from 'node:fs';
import type { Ulimit } from '../../api/containers.ts';
import { invalidRequest } from '../check-request.ts';

/** Names of setrlimit(2) and the lines of proc(5) limits that show them. */
const limits: Readonly<Record<string, string>> = {
  as: 'Max address space',
  core: 'Max core file size',
  cpu: 'Max cpu time',
  data: 'Max data size',
  fsize: 'Max file size',
  locks: 'Max file locks',
  memlock: 'Max locked memory',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  nofile: 'Max open files',
  nproc: 'Max processes',
  rss: 'Max resident set',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
  sigpending: 'Max pending signals',
  stack: 'Max stack size',
};

const unlimited = 2n ** 64n - 1n;

interface Rlimit {
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

/** What was asked for, never above our own hard limit: the runtime could not set more where we may not. */
export function rlimitsFor(ulimits: readonly Ulimit[]): { rlimits: Rlimit[]; warnings: string[] } {
  const warnings: string[] = [];
  if (ulimits.length === 0) return { rlimits: [], warnings };
  const present = readFileSync('/proc/self/limits', 'utf8');
  const rlimits = ulimits.map(({ name, soft, hard }) => {
    const title = limits[name];
    if (title === undefined) throw invalidRequest('ulimit', `${JSON.stringify(name)} is not known`);
    const ceiling = hardLimit(present, title);
    const clamp = (value: number) => {
      const wanted = value === -1 ? unlimited : BigInt(value);
      return wanted > ceiling ? ceiling : wanted;
    };
    if ((hard === -1 && ceiling !== unlimited) || (hard !== -1 && BigInt(hard) > ceiling))
      warnings.push(`ulimit ${name} is lowered to ${ceiling}, the limit of this process`);
    return { type: `RLIMIT_${name.toUpperCase()}`, soft: asJson(clamp(soft)), hard: asJson(clamp(hard)) };
  });
  return { rlimits, warnings };
}

/** RLIM_INFINITY is 2⁶⁴−1: JSON.rawJSON keeps the digits that a double would round up to 2⁶⁴. */
function asJson(value: bigint): number {
  const raw = (JSON as unknown as { rawJSON(text: string): number }).rawJSON;
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? raw(String(value)) : Number(value);
}

function hardLimit(present: string, title: string): bigint {
  const line = present.split('\n').find((text) => text.startsWith(title)) ?? '';
  const hard = line.slice(title.length).trim().split(/\s+/)[1];
  return hard === undefined || hard === 'unlimited' ? unlimited : BigInt(hard);
}
