import { constants } from 'node:os';
import { StrataError } from '@strata/core';

/** `SIGTERM`, `term`, `15`, `RTMIN+3` as a number. @throws invalid-argument `SIGNAL_UNKNOWN` */
export function parseSignal(text: string): number {
  const signal = signalNumber(text);
  if (signal !== undefined) return signal;
  throw new StrataError('invalid-argument', 'SIGNAL_UNKNOWN', `Unknown signal ${JSON.stringify(text)}`, {
    hint: 'Use a name such as TERM or a number from 1 to 64; see signal(7)',
  });
}

export function signalNumber(text: string): number | undefined {
  if (/^[0-9]{1,2}$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= 64 ? number : undefined;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  // glibc keeps 32 and 33 for itself.
  const realTime = /^(RTMIN|RTMAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realTime !== null) {
    const offset = Number(`${realTime[2] ?? '+'}${realTime[3] ?? 0}`);
    const number = (realTime[1] === 'RTMIN' ? 34 : 64) + offset;
    return number >= 34 && number <= 64 ? number : undefined;
  }
  return Object.entries(constants.signals).find(([known]) => known === `SIG${name}`)?.[1];
}

export function signalName(signal: number): string {
  const known = Object.entries(constants.signals).find(([, number]) => number === signal);
  return known?.[0] ?? String(signal);
}
