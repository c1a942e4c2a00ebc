import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupDriver, CgroupRef, DriverContext } from '@strata/core';
import { createHost } from '@strata/host';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findHierarchies } from '../src/hierarchies.ts';
import cgroupV1 from '../src/index.ts';
import { limitWrites } from '../src/limits.ts';

const base = mkdtempSync('/dev/shm/cgroup-v1-test-');
const host = createHost();
const hierarchies = findHierarchies();
const newId = () => randomBytes(32).toString('hex');
let driver: CgroupDriver;

beforeAll(async () => {
  const signal = new AbortController().signal;
  const context: DriverContext<Record<string, never>> = {
    root: base,
    runDirectory: base,
    options: {},
    host,
    log: host.log,
    signal,
  };
  expect(await cgroupV1.probe(context)).toMatchObject({ supported: true });
  driver = await cgroupV1.create(context);
});
afterAll(() => rmSync(base, { recursive: true }));
afterEach(async () => expect(await driver.list()).toEqual([]));

const file = (ref: CgroupRef, controller: string, name: string) =>
  join(hierarchies.byController.get(controller as 'memory') as string, ref.path as string, name);
const read = (ref: CgroupRef, controller: string, name: string) =>
  readFileSync(file(ref, controller, name), 'utf8').trim();

async function inside(ref: CgroupRef, args: readonly string[] = ['60']) {
  const child = await host.exec.spawn('sleep', args, { stdio: ['ignore', 'ignore', 'ignore'] });
  for (const mount of hierarchies.owned)
    writeFileSync(join(mount, ref.path as string, 'cgroup.procs'), String(child.pid));
  return child;
}

describe('limits', () => {
  it('sets what is asked for, in every hierarchy, and changes it', async () => {
    const ref = await driver.create(newId(), {
      memory: 64 * 2 ** 20,
      nanoCpus: 1_500_000_000,
      cpuShares: 256,
      pids: 33,
      cpusetCpus: '0',
    });
    expect(read(ref, 'memory', 'memory.limit_in_bytes')).toBe(String(64 * 2 ** 20));
    expect(read(ref, 'memory', 'memory.memsw.limit_in_bytes')).toBe(String(128 * 2 ** 20));
    expect(read(ref, 'cpu', 'cpu.cfs_quota_us')).toBe('150000');
    expect(read(ref, 'cpu', 'cpu.shares')).toBe('256');
    expect(read(ref, 'pids', 'pids.max')).toBe('33');
    expect(read(ref, 'cpuset', 'cpuset.cpus')).toBe('0');
    await driver.update(ref, { memory: 256 * 2 ** 20 });
    expect(read(ref, 'memory', 'memory.limit_in_bytes')).toBe(String(256 * 2 ** 20));
    expect(read(ref, 'pids', 'pids.max')).toBe('33');
    await driver.update(ref, { memory: 32 * 2 ** 20, pids: -1 });
    expect(read(ref, 'memory', 'memory.memsw.limit_in_bytes')).toBe(String(64 * 2 ** 20));
    expect(read(ref, 'pids', 'pids.max')).toBe('max');
    await driver.remove(ref);
    await driver.remove(ref);
  });

  it.each([
    [{ memory: 1024 }, 'LIMIT_INVALID'],
    [{ cpusetCpus: '1-9223372036854775807' }, 'LIMIT_INVALID'],
    [{ cpusetCpus: '4000' }, 'LIMIT_REFUSED'],
    [{ memorySwap: 2 ** 30 }, 'LIMIT_INVALID'],
    [{ memory: 2 ** 30, memorySwap: 2 ** 29 }, 'LIMIT_INVALID'],
    [{ blockIoWeight: 5 }, 'LIMIT_INVALID'],
    [{ nanoCpus: 999_000_000_000 }, 'LIMIT_INVALID'],
    [{ nanoCpus: 1_000_000 }, 'LIMIT_INVALID'],
    [{ memory: 2 ** 26, memoryReservation: 2 ** 27 }, 'LIMIT_INVALID'],
    [{ cpuShares: 1 }, 'LIMIT_INVALID'],
  ])('refuses %j and leaves nothing', async (resources, code) => {
    await expect(driver.create(newId(), resources)).rejects.toMatchObject({ code });
  });

  it('a limit the kernel has no file for is refused, not ignored', () => {
    const without = { ...hierarchies, byController: new Map() };
    expect(() => limitWrites({ pids: 5 }, without)).toThrow(/cannot be set/);
  });
});

describe('parents stay below our subtree', () => {
  it.each([['../../x'], ['/a/../../b'], ['a/./b'], ['a\nb'], ['-x']])('refuses %j', async (parent) => {
    await expect(driver.create(newId(), {}, { parent })).rejects.toMatchObject({
      code: 'CGROUP_PARENT_INVALID',
    });
  });

  it('makes and takes away the ones it allows', async () => {
    const ref = await driver.create(newId(), {}, { parent: '/team/a' });
    expect(ref.path).toMatch(/^\/strata\/s-[0-9a-f]{8}\/team\/a\//);
    await driver.remove(ref);
    expect(existsSync(join(file(ref, 'memory', ''), '../..'))).toBe(false);
  });

  it('a stored reference that points elsewhere is refused', async () => {
    await expect(driver.kill({ id: 'x', path: '/', state: { path: 'strata/../..' } })).rejects.toMatchObject({
      code: 'CGROUP_REF_INVALID',
    });
  });
});

describe('processes', () => {
  it('counts, freezes, thaws, kills; refuses one in use', async () => {
    const id = newId();
    const ref = await driver.create(id, { memory: 32 * 2 ** 20 });
    const child = await inside(ref);
    expect(await driver.processes(ref)).toEqual([child.pid]);
    expect(await driver.stats(ref)).toMatchObject({ pids: 1, memoryLimitBytes: 32 * 2 ** 20, oomKills: 0 });
    await expect(driver.create(id, {})).rejects.toMatchObject({ code: 'CGROUP_IN_USE' });
    await driver.freeze(ref);
    await driver.freeze(ref);
    expect(read(ref, 'freezer', 'freezer.state')).toBe('FROZEN');
    await driver.thaw(ref);
    await driver.freeze(ref);
    await driver.kill(ref);
    expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
    expect(await driver.processes(ref)).toEqual([]);
    await driver.remove(ref);
    await expect(driver.stats(ref)).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('removing one that still holds a process is refused', async () => {
    const ref = await driver.create(newId(), {});
    const child = await inside(ref);
    await expect(driver.remove(ref)).rejects.toMatchObject({ code: 'CGROUP_BUSY' });
    await driver.kill(ref);
    await child.exited;
    await driver.remove(ref);
  });
});

it('finds hierarchies by mountinfo, wherever they are mounted', () => {
  const found = findHierarchies(
    [
      '31 23 0:28 / /cg\\040a rw - cgroup cgroup rw,cpu,cpuacct',
      '32 23 0:29 / /cg/memory rw - cgroup cgroup rw,memory',
      '33 23 0:30 / /elsewhere/memory rw - cgroup cgroup rw,memory',
      '34 23 0:31 / /cg/systemd rw - cgroup cgroup rw,name=systemd',
      '35 23 0:32 / /cg/unified rw - cgroup2 cgroup2 rw',
    ].join('\n'),
  );
  expect(Object.fromEntries(found.byController)).toEqual({
    cpu: '/cg a',
    cpuacct: '/cg a',
    memory: '/cg/memory',
  });
  expect(found.owned).toEqual(['/cg a', '/cg/memory']);
  expect(found.foreign).toEqual(['/cg/systemd', '/cg/unified']);
});
