import { setTimeout as delay } from 'node:timers/promises';
import { StrataError } from '@strata/core';
import type { CgroupDirectory } from './cgroup-directory.ts';

export type FreezerState = 'frozen' | 'thawed';

const wanted = { frozen: 1, thawed: 0 } as const;

/** Ask for it, and do not wait. */
export function begin(cgroup: CgroupDirectory, state: FreezerState): void {
  cgroup.write({ file: 'cgroup.freeze', value: String(wanted[state]), option: 'pause' });
}

/** `cgroup.freeze` says what is asked for, `cgroup.events` what has come true. */
export async function settle(cgroup: CgroupDirectory, state: FreezerState, timeout: number): Promise<void> {
  if (!cgroup.exists()) throw new StrataError('not-found', 'CGROUP_NOT_FOUND', 'The cgroup is gone');
  begin(cgroup, state);
  const deadline = Date.now() + timeout;
  for (let wait = 0; ; wait = Math.min(20, wait + 1)) {
    const now = cgroup.value('cgroup.events', 'frozen');
    if (now === wanted[state]) return;
    if (now === undefined) throw new StrataError('not-found', 'CGROUP_NOT_FOUND', 'The cgroup is gone');
    if (Date.now() > deadline) break;
    await delay(wait);
  }
  if (state === 'frozen') begin(cgroup, 'thawed');
  throw new StrataError('unavailable', 'CGROUP_NOT_SETTLED', `The container cannot be ${state} now`);
}
