import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findHierarchy, subtreeOf } from '../src/hierarchy.ts';
import cgroupV2 from '../src/index.ts';
import { cgroupPath } from '../src/names.ts';

const id = 'a'.repeat(64);
const host = mkdtempSync('/dev/shm/cgroup-v2-test-');
const mountinfo = (target = host) =>
  [
    `31 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`,
    `35 23 0:32 / ${target.replaceAll(' ', '\\040')} rw - cgroup2 cgroup2 rw`,
  ].join('\n');

function cgroup(path: string, { processes = '', type = 'domain\n' } = {}) {
  const directory = join(host, path);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'cgroup.controllers'), 'cpuset cpu io memory hugetlb pids\n');
  writeFileSync(join(directory, 'cgroup.subtree_control'), '');
  writeFileSync(join(directory, 'cgroup.procs'), processes);
  if (type !== '') writeFileSync(join(directory, 'cgroup.type'), type);
}

afterAll(() => rmSync(host, { recursive: true }));

describe('at the real root', () => {
  beforeAll(() => cgroup('', { type: '', processes: '1\n' }));
  it('makes its subtree directly below, wherever this process is', () => {
    const found = findHierarchy({ mountinfo: mountinfo(), membership: '0::/user.slice/session-1.scope' });
    expect(found).toMatchObject({
      mount: host,
      base: '',
      controllers: ['memory', 'cpu', 'pids', 'cpuset', 'io'],
    });
    expect(subtreeOf(found!, '/run/strata')).toMatch(/^strata\/s-[0-9a-f]{8}$/);
    expect(subtreeOf(found!, '/run/strata')).not.toBe(subtreeOf(found!, '/run/other'));
  });
});

describe('at the root of a namespace', () => {
  beforeAll(() => {
    cgroup('', { processes: '1\n' });
    cgroup('service', {});
    cgroup('service/main', { processes: '7\n' });
  });
  it('takes the nearest cgroup above that holds no processes', () => {
    const found = findHierarchy({ mountinfo: mountinfo(), membership: '12:memory:/x\n0::/service/main\n' });
    expect(found?.base).toBe('service');
    expect(subtreeOf(found!, '/run/strata')).toMatch(/^service\/strata\/s-/);
  });
  it('leaves the namespace for nobody', () => {
    expect(findHierarchy({ mountinfo: mountinfo(), membership: '0::/../../elsewhere' })?.base).toBe('');
  });
});

it('finds no hierarchy where none is mounted, and reads names with blanks', () => {
  expect(findHierarchy({ mountinfo: '', membership: '' })).toBeUndefined();
  const mount = join(host, 'with blank');
  mkdirSync(mount);
  expect(findHierarchy({ mountinfo: mountinfo(mount), membership: '0::/' })?.mount).toBe(mount);
});

it.each(['../../x', '/a/../../b', 'a/./b', 'a\nb', '-x', 'cgroup.procs', id])(
  'refuses the parent %j',
  (parent) => {
    expect(() => cgroupPath('strata/s', id, parent)).toThrow(/is not a cgroup name/);
  },
);

it('keeps allowed parents below its subtree', () => {
  expect(cgroupPath('strata/s', id, '/team/a')).toBe(`strata/s/team/a/${id}`);
});

it('is one pure value of the right version', () => {
  expect(cgroupV2).toMatchObject({ kind: 'cgroup', id: 'v2', apiVersion: 1 });
});
