import { setTimeout as delay } from 'node:timers/promises';
import { type Host, StrataError } from '@strata/core';
import type { CgroupDirectory } from './cgroup-directory.ts';
import { begin, settle } from './freezer.ts';

const sigkill = 9;

/** SIGKILL all of it, below it too, and wait until it is empty. `cgroup.kill` is atomic against forks (Linux 5.14). */
export async function killAll(cgroup: CgroupDirectory, host: Host, timeout: number): Promise<void> {
  const deadline = Date.now() + timeout;
  const atOnce = cgroup.has('cgroup.kill');
  for (let wait = 0; isPopulated(cgroup); wait = Math.min(20, wait + 1)) {
    if (atOnce) cgroup.write({ file: 'cgroup.kill', value: '1', option: 'kill' });
    else await killOneByOne(cgroup, host);
    if (Date.now() > deadline)
      throw new StrataError('unavailable', 'CGROUP_NOT_KILLED', `Processes in /${cgroup.path} do not die`);
    await delay(wait);
  }
}

/** For kernels without `cgroup.kill`: what stands still does not fork while we read. */
export async function killOneByOne(cgroup: CgroupDirectory, host: Host): Promise<void> {
  begin(cgroup, 'frozen');
  const found = cgroup.processes().map((pid) => host.processes.identify(pid));
  // Still a member after its identity was taken, so it is not a stranger with a recycled pid.
  const members = new Set(cgroup.processes());
  for (const process of found)
    if (process !== undefined && members.has(process.pid)) host.processes.kill(process, sigkill);
  await settle(cgroup, 'thawed', 10_000);
}

/** Zombies do not count: a parent that never waits cannot keep us here. */
function isPopulated(cgroup: CgroupDirectory): boolean {
  return cgroup.value('cgroup.events', 'populated') === 1;
}
