import { mkdtempSync, rmSync } from 'node:fs';
import { createHost } from '@strata/host';
import { afterAll, expect, it } from 'vitest';
import cgroupNone from '../src/index.ts';

const base = mkdtempSync('/dev/shm/cgroup-none-test-');
const host = createHost();
const { signal } = new AbortController();
const driver = await cgroupNone.create({
  root: base,
  runDirectory: base,
  options: {},
  host,
  log: host.log,
  signal,
});
afterAll(() => rmSync(base, { recursive: true }));

it('makes nothing, and removes it as often as asked', async () => {
  const ref = await driver.create('a'.repeat(64), {});
  expect(ref.path).toBeUndefined();
  await driver.remove(ref);
  await driver.remove(ref);
  expect(await driver.list()).toEqual([]);
});

it('refuses every limit rather than ignore it', async () => {
  await expect(driver.create('a'.repeat(64), { memory: 1 << 26 })).rejects.toMatchObject({
    kind: 'unsupported',
  });
  const ref = await driver.create('a'.repeat(64), {});
  await expect(driver.update(ref, { pids: 5 })).rejects.toMatchObject({ kind: 'unsupported' });
  await expect(driver.freeze(ref)).rejects.toMatchObject({ kind: 'unsupported' });
  await expect(driver.stats(ref)).rejects.toMatchObject({ kind: 'unsupported' });
});
