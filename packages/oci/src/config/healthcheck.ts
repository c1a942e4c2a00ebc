import type { WrittenExecution } from './config-document.ts';
import { badChange, jsonWords } from './words.ts';

export type Healthcheck = NonNullable<WrittenExecution['Healthcheck']>;

const FLAGS: Readonly<Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};
const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** `NONE`, or `[--interval=30s …] CMD …` as in a Dockerfile. @throws invalid-argument `CHANGE_INVALID` */
export function parseHealthcheck(text: string): Healthcheck {
  const result: { -readonly [Key in keyof Healthcheck]: Healthcheck[Key] } = {};
  let rest = text.trim();
  for (
    let flag = /^--([a-z-]+)=(\S+)\s*/.exec(rest);
    flag !== null;
    flag = /^--([a-z-]+)=(\S+)\s*/.exec(rest)
  ) {
    const [all, name = '', value = ''] = flag;
    const field = FLAGS[name];
    if (field !== undefined) result[field] = duration(text, value);
    else if (name === 'retries' && /^[0-9]{1,6}$/.test(value)) result.Retries = Number(value);
    else throw badChange(text, `--${name}=${value} is not understood`);
    rest = rest.slice(all.length);
  }
  if (/^none$/i.test(rest)) return { Test: ['NONE'] };
  const command = /^cmd\s+(.+)$/is.exec(rest)?.[1];
  if (command === undefined) throw badChange(text, 'HEALTHCHECK needs NONE or CMD and a command');
  const words = jsonWords(command);
  return { ...result, Test: words === undefined ? ['CMD-SHELL', command] : ['CMD', ...words] };
}

/** Go's time.ParseDuration, in nanoseconds. */
function duration(text: string, value: string): number {
  if (!/^(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+$/.test(value))
    throw badChange(text, `'${value}' is not a duration`);
  let total = 0;
  for (const [, n, unit] of value.matchAll(/([0-9.]+)(ns|us|µs|ms|s|m|h)/g))
    total += Number(n) * NANOSECONDS[unit!]!;
  const rounded = Math.round(total);
  if (!Number.isSafeInteger(rounded) || (rounded > 0 && rounded < 1e6))
    throw badChange(text, `'${value}' is out of range`);
  return rounded;
}
