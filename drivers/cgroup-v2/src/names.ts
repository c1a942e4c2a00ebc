import { StrataError } from '@strata/core';

export function isContainerId(name: string): boolean {
  return /^[0-9a-f]{12,64}$/.test(name);
}

/** `…/strata/<store>/<parent…>/<id>`; whatever the user writes as parent stays below our subtree. */
export function cgroupPath(subtree: string, id: string, parent: string | undefined): string {
  const parts = (parent ?? '').split('/').filter((part) => part !== '');
  if (isContainerId(id) && parts.every(isSound) && parts.length <= 16)
    return [subtree, ...parts, id].join('/');
  throw new StrataError(
    'invalid-argument',
    'CGROUP_PARENT_INVALID',
    `${JSON.stringify(parent ?? id)} is not a cgroup name`,
    { hint: 'Use names of letters, digits and _.:@- separated by slashes' },
  );
}

/** Not `memory.max`: names of the kernel's files are taken. */
function isSound(part: string): boolean {
  const kernelFile = /^(cgroup|memory|cpu|pids|cpuset|io|hugetlb|rdma|misc|irq|dmem)\./;
  return /^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$/.test(part) && !isContainerId(part) && !kernelFile.test(part);
}
