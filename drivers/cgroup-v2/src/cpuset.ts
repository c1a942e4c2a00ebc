/** Lists of CPUs and memory nodes: cpuset(7) "List format". */
import { StrataError } from '@strata/core';

/** Small enough that nobody expands a giant range for us (CVE-2018-20699). */
const listFormat = /^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/;

/** @throws invalid-argument when it is no list, or names one that the cgroup above does not have */
export function assertWithin(option: string, text: string, available: string | undefined): void {
  if (!listFormat.test(text) || text.length >= 1024)
    throw refuse(
      'LIMIT_INVALID',
      `The limit ${option} must be a list such as 0-3,7, not ${JSON.stringify(text)}`,
    );
  if (available === undefined) return;
  const offered = expand(available.trim());
  const missing = [...expand(text)].filter((number) => !offered.has(number));
  if (missing.length === 0) return;
  throw refuse(
    'LIMIT_REFUSED',
    `The limit ${option} = ${text} names ${missing[0]}, but there is only ${available.trim()}`,
  );
}

function expand(list: string): Set<number> {
  const numbers = new Set<number>();
  for (const range of list.split(',')) {
    const [first, last = first] = range.split('-').map(Number);
    for (let number = first!; number <= last!; number++) numbers.add(number);
  }
  return numbers;
}

function refuse(code: string, message: string): StrataError {
  const hint = 'It is a list of processors or memory nodes; `strata info` shows how many there are';
  return new StrataError('invalid-argument', code, message, { hint });
}
