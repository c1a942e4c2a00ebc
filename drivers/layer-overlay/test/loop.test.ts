/** A layer in a file of its own: what holds it, what sees it, and what is left of it. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import {
  type DriverContext,
  hasChanges,
  hasLoopBacking,
  type Layer,
  type LayerDriver,
  type LoopLayerDriver,
} from '@strata/core';
import { createHost } from '@strata/host';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import definition from '../src/index.ts';
import { endedLeases, endLease, leaseProject } from '../src/overlay-projects.ts';

const MIB = 1024 ** 2;
const filesystem = await createLoopFilesystem({ type: 'ext4' });
afterAll(() => filesystem.dispose());
const host = createHost();

let root = '';
let target = '';
let driver: LayerDriver & LoopLayerDriver;
const base: Layer = { id: 'base', parents: [] };
const layer: Layer = { id: 'own', parents: ['base'] };

beforeEach(async () => {
  root = mkdtempSync(`${filesystem.directory}/root-`);
  target = mkdtempSync(`${filesystem.directory}/target-`);
  const { signal } = new AbortController();
  const context: DriverContext<Record<string, never>> = {
    ...{ root, runDirectory: root, options: {}, host, log: host.log, signal },
  };
  const made: LayerDriver = await definition.create(context);
  if (!hasLoopBacking(made)) throw new Error('no loop backing');
  driver = made;
  await driver.create(base);
  writeFileSync(join(root, 'base/fs/below'), 'below');
  execFileSync('chmod', ['0711', join(root, 'base/fs')]);
  await driver.seal(base);
  await driver.create(layer);
  await driver.setBacking(layer, { bytes: 32 * MIB });
});
afterEach(() => host.mounter.unmount(target));

const mounted = async (access: 'rw' | 'ro' = 'rw', place = target) =>
  host.mounter.mount(await driver.mounts(layer, access), place);
const loops = () =>
  execFileSync('losetup', ['--list', '--noheadings', '-O', 'BACK-FILE'], { encoding: 'utf8' });

test('it is as large as asked for, takes little until it is written to, and looks like any layer', async () => {
  expect((await driver.usage(layer)).bytes).toBeLessThan(MIB);
  await mounted();
  expect(readFileSync(join(target, 'below'), 'utf8')).toBe('below');
  expect(statSync(target).mode & 0o777).toBe(0o711);
  writeFileSync(join(target, 'fits'), Buffer.alloc(8 * MIB, 1));
  unlinkSync(join(target, 'below'));
  const more = () => writeFileSync(join(target, 'more'), Buffer.alloc(32 * MIB, 1));
  expect(more).toThrow(expect.objectContaining({ errno: -constants.errno.ENOSPC }));
  const full = (await driver.usage(layer)).bytes;
  expect(full).toBeGreaterThan(26 * MIB);
  expect(full).toBeLessThanOrEqual(33 * MIB);
  unlinkSync(join(target, 'more'));
  execFileSync('sync', ['-f', target]);
  expect((await driver.usage(layer)).bytes).toBeLessThan(10 * MIB);
  await host.mounter.unmount(target);
  expect(readdirSync(target)).toEqual([]);
  await expect.poll(loops).not.toContain(root);
});

test('two mounts of it are one filesystem, also when they are made at once', async () => {
  const places = ['a', 'b', 'c', 'd'].map((name) => join(target, name));
  for (const place of places) mkdirSync(place);
  await Promise.all(places.map((place) => mounted('ro', place)));
  expect(loops().split(root)).toHaveLength(2);
  await host.mounter.unmount(target);
  await mounted();
  writeFileSync(join(target, 'new'), 'new');
  if (!hasChanges(driver)) throw new Error('no changes');
  const changes = await driver.changes(layer);
  if (changes.kind !== 'overlay' || changes.mounts === undefined) throw new Error('not an overlay');
  const seen = await host.mounter.withMounted(changes.mounts, async (directory) =>
    readdirSync(join(directory, changes.path)),
  );
  expect(seen).toEqual(['new']);
});

test('sealing takes the content out of the file', async () => {
  await mounted();
  writeFileSync(join(target, 'new'), 'new');
  unlinkSync(join(target, 'below'));
  await host.mounter.unmount(target);
  await driver.seal(layer);
  expect(existsSync(join(root, 'own/disk.img'))).toBe(false);
  await host.mounter.mount(await driver.mounts({ id: 'own', parents: ['base'] }, 'ro'), target);
  expect(readdirSync(target)).toEqual(['new']);
  expect(statSync(target).mode & 0o777).toBe(0o711);
});

test('a base layer and a deep one', async () => {
  const alone: Layer = { id: 'alone', parents: [] };
  await driver.create(alone);
  await driver.setBacking(alone, { bytes: 16 * MIB });
  await host.mounter.mount(await driver.mounts(alone, 'rw'), target);
  writeFileSync(join(target, 'x'), 'x');
  await host.mounter.unmount(target);
  const parents = ['base'];
  for (let n = 0; n < 200; n++) {
    const next = { id: `deep${n}`.padEnd(16, 'x'), parents: [...parents] };
    await driver.create(next);
    await driver.seal(next);
    parents.unshift(next.id);
  }
  const deep: Layer = { id: 'deep', parents };
  await driver.create(deep);
  await driver.setBacking(deep, { bytes: 16 * MIB });
  await host.mounter.mount(await driver.mounts(deep, 'rw'), target);
  writeFileSync(join(target, 'new'), 'new');
  expect(readdirSync(target).sort()).toEqual(['below', 'new']);
});

test('what was half made is made again, and removed with the layer', async () => {
  await driver.create({ id: 'half', parents: ['base'] });
  mkdirSync(join(root, 'half/seed/fs'), { recursive: true });
  writeFileSync(join(root, 'half/disk.new'), 'half an image');
  await driver.setBacking({ id: 'half', parents: ['base'] }, { bytes: 16 * MIB });
  expect(readdirSync(join(root, 'half')).sort()).toEqual(['disk', 'disk.img', 'fs', 'work']);
  await driver.remove('half');
  await driver.remove('own');
  await driver.cleanup();
  expect(readdirSync(root)).toEqual(['base']);
});

test('too little is refused, and nothing is lost', async () => {
  await driver.create({ id: 'tiny', parents: ['base'] });
  const tiny = driver.setBacking({ id: 'tiny', parents: ['base'] }, { bytes: MIB });
  await expect(tiny).rejects.toMatchObject({ code: 'LOOP_TOO_SMALL' });
  expect(await driver.mounts({ id: 'tiny', parents: ['base'] }, 'rw')).toHaveLength(1);
});

test('projects are leased: never the one of another layer or of somebody else, the same one again, until it is gone', () => {
  using tree = host.files.openTree(root);
  const foreign = new Set<number>();
  const first = leaseProject(tree, 'own', (id) => foreign.has(id));
  expect(first).toBeGreaterThanOrEqual(2 ** 31);
  expect(first).toBeLessThan(2 ** 32 - 1);
  foreign.add(first);
  expect(leaseProject(tree, 'own', (id) => foreign.has(id))).toBe(first);
  const wanted = leaseProject(tree, 'base', () => false);
  endLease(tree, { project: wanted, layer: 'base' });
  expect(leaseProject(tree, 'base', (id) => id === wanted)).toBe(wanted + 1);
  expect(endedLeases(tree)).toEqual([]);
  tree.rename(Buffer.from('own'), Buffer.from('.trash-own'));
  expect(endedLeases(tree)).toEqual([{ project: first, layer: 'own' }]);
});
