import { StrataError } from '../errors/strata-error.ts';

/** A limit that no host could keep. */
export function limitInvalid(option: string, sentence: string): StrataError {
  const hint = hints.get(option) ?? 'Leave the limit out, or give another value';
  return new StrataError('invalid-argument', 'LIMIT_INVALID', `The limit ${option} ${sentence}`, { hint });
}

/** Said when a limit is wrong: how it is written, and what it is without. */
const hints: ReadonlyMap<string, string> = new Map([
  ['memory', 'It is a number of bytes or has a unit, from 6m up: 64m, 2g'],
  ['memory-reservation', 'It is a number of bytes or has a unit: 64m, 2g'],
  ['memory-swap', 'It is the sum of both: memory 64m and memory-swap 128m leave 64m of swap; -1 is no limit'],
  ['cpus', 'It is a number of processors, parts of one too: 0.5'],
  ['cpu-period', 'It is in microseconds; without it, 100000'],
  ['cpu-quota', 'It is in microseconds of each period: 50000 is half a processor'],
  ['cpu-shares', 'It is a share beside others; without it, 1024'],
  ['cpuset-cpus', 'It is a list of processors; `strata info` shows how many there are'],
  ['blkio-weight', 'It is a share beside others; without it, 500'],
  ['pids-limit', '-1 is no limit'],
]);

/** A limit that this host cannot keep, and so refuses. */
export function limitUnsupported(option: string, reason: string): StrataError {
  return new StrataError('unsupported', 'LIMIT_UNSUPPORTED', `The limit ${option} cannot be set: ${reason}`, {
    hint: 'Leave the limit out, or enable it in the kernel',
  });
}

/** @throws invalid-argument unless `value` is a whole number of at least `minimum` */
export function wholeLimit(option: string, value: number, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw limitInvalid(option, `must be a whole number of at least ${minimum}`);
}

/** What `pids.max` is to hold. 0 and -1: no limit. @throws invalid-argument */
export function pidsMaximum(pids: number): string {
  return pids === 0 || pids === -1 ? 'max' : String(wholeLimit('pids-limit', pids, 1));
}

/**
 * As Docker: more than there are would be no limit, and the kernel has nothing below 1 ms in 100.
 *
 * @param processors of the host @throws invalid-argument
 */
export function checkCpus(nanoCpus: number, processors: number): void {
  if (nanoCpus < 1e7 || nanoCpus > processors * 1e9)
    throw limitInvalid('cpus', `must be 0.01 to ${processors}, as many as this host has`);
}
