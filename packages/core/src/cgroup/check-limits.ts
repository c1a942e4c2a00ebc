import { StrataError } from '../errors/strata-error.ts';

/** A limit that no host could keep. */
export function limitInvalid(option: string, sentence: string): StrataError {
  return new StrataError('invalid-argument', 'LIMIT_INVALID', `The limit ${option} ${sentence}`);
}

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

/**
 * As Docker: more than there are would be no limit, and the kernel has nothing below 1 ms in 100.
 *
 * @param processors of the host @throws invalid-argument
 */
export function checkCpus(nanoCpus: number, processors: number): void {
  if (nanoCpus < 1e7 || nanoCpus > processors * 1e9)
    throw limitInvalid('cpus', `must be 0.01 to ${processors}, as many as this host has`);
}
