/** What only btrfs has: subvolumes that containers nest in their layer, and generations that tell what is new. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { DriverContext, Layer, LayerDriver } from '@strata/core';
import { createHost } from '@strata/host';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll, beforeEach, expect, test } from 'vitest';
import definition from '../src/index.ts';

const filesystem = await createLoopFilesystem({ type: 'btrfs' });
afterAll(() => filesystem.dispose());
const host = createHost();

function contextIn(root: string): DriverContext<Record<string, never>> {
  return { root, runDirectory: root, options: {}, host, log: host.log, signal: new AbortController().signal };
}

let root = '';
let driver: LayerDriver;
beforeEach(async () => {
  root = mkdtempSync(`${filesystem.directory}/root-`);
  driver = await definition.create(contextIn(root));
});

const btrfs = (...args: string[]) => execFileSync('btrfs', args, { encoding: 'latin1' });
const subvolumes = () => btrfs('subvolume', 'list', filesystem.directory).trim();
const nest = (path: string) => btrfs('subvolume', 'create', path);
const base: Layer = { id: 'base', parents: [] };

async function removedWholly(id: string): Promise<void> {
  await driver.remove(id);
  expect(await driver.list()).not.toContain(id);
  await driver.cleanup();
  expect(readdirSync(root)).toEqual([]);
  expect(subvolumes()).toBe('');
}

test('subvolumes nested by a container go with its layer, at any depth and read-only ones too', async () => {
  await driver.create(base);
  for (const path of ['a', 'a/b', 'a/b/c', 'd']) nest(`${root}/base/${path}`);
  mkdirSync(`${root}/base/dir/deeper`, { recursive: true });
  nest(`${root}/base/dir/deeper/e`);
  writeFileSync(`${root}/base/a/b/c/file`, 'x');
  for (const path of ['a/b/c', 'a/b', 'a', 'dir/deeper/e']) {
    btrfs('property', 'set', `${root}/base/${path}`, 'ro', 'true');
  }
  await removedWholly('base');
});

test('a sealed layer with nested subvolumes can be removed', async () => {
  await driver.create(base);
  nest(`${root}/base/nested`);
  await driver.seal(base);
  await removedWholly('base');
});

test('names that are not UTF-8, hold a newline or are too deep for a path do not save a nested subvolume', async () => {
  await driver.create(base);
  const victim = `${filesystem.directory}/victim`;
  nest(victim);
  nest(`${root}/base/plain`);
  // A name that would read as the line of another subvolume in a list.
  renameSync(`${root}/base/plain`, `${root}/base/x\nID 257 gen 7 top level 5 path victim`);
  nest(`${root}/base/plain`);
  const bytes = Buffer.concat([Buffer.from(`${root}/base/`), Buffer.from([0xff, 0xfe])]);
  mkdirSync(bytes);
  renameSync(`${root}/base/plain`, Buffer.concat([bytes, Buffer.from('/\xc3(', 'latin1')]));
  // Deeper than PATH_MAX: built from the inside, each level moved into the next.
  nest(`${root}/base/bottom`);
  renameSync(`${root}/base/bottom`, `${root}/base/level`);
  for (let depth = 0; depth < 30; depth += 1) {
    mkdirSync(`${root}/base/next`);
    renameSync(`${root}/base/level`, `${root}/base/next/${'d'.repeat(250)}`);
    renameSync(`${root}/base/next`, `${root}/base/level`);
  }
  await driver.remove('base');
  await driver.cleanup();
  expect(readdirSync(root)).toEqual([]);
  expect(subvolumes()).toMatch(/path victim$/);
  expect(subvolumes().split('\n')).toHaveLength(1);
  btrfs('subvolume', 'delete', victim);
});

test('two processes may clean up the same nested subvolumes', async () => {
  const layers = Array.from({ length: 6 }, (_, n): Layer => ({ id: `many${n}`, parents: [] }));
  for (const { id, parents } of layers) {
    await driver.create({ id, parents });
    for (const path of ['a', 'a/b', 'c']) nest(`${root}/${id}/${path}`);
    await driver.remove(id);
  }
  const other = await definition.create(contextIn(root));
  await Promise.all([driver.cleanup(), other.cleanup()]);
  await driver.cleanup();
  expect(readdirSync(root)).toEqual([]);
  expect(subvolumes()).toBe('');
});

test('a link in a layer does not lead the search for nested subvolumes out of it', async () => {
  const outside = `${filesystem.directory}/outside`;
  nest(outside);
  await driver.create(base);
  nest(`${root}/base/nested`);
  symlinkSync(filesystem.directory, `${root}/base/out`);
  await driver.remove('base');
  await driver.cleanup();
  expect(subvolumes()).toMatch(/path outside$/);
  btrfs('subvolume', 'delete', outside);
});

test('a child does not count the data its parent had not written to disk yet', async () => {
  await driver.create(base);
  writeFileSync(`${root}/base/big`, Buffer.alloc(8 << 20, 1));
  await driver.seal(base);
  const child: Layer = { id: 'child', parents: ['base'] };
  await driver.create(child);
  expect((await driver.usage(child)).bytes).toBe(0);
  writeFileSync(`${root}/child/own`, Buffer.alloc(1 << 20, 2));
  expect((await driver.usage(child)).bytes).toBe(1 << 20);
  expect((await driver.usage(base)).bytes).toBe(8 << 20);
  await driver.remove('child');
  await removedWholly('base');
});

test('what is in subvolumes made inside counts, at any depth and once', async () => {
  const mib = 1 << 20;
  const write = (path: string, size: number) => writeFileSync(`${root}/${path}`, Buffer.alloc(size, 3));
  await driver.create(base);
  write('base/image', 4 * mib);
  await driver.seal(base);
  const child: Layer = { id: 'child', parents: ['base'] };
  await driver.create(child);
  const other: Layer = { id: 'other', parents: ['base'] };
  await driver.create(other);
  nest(`${root}/other/nested`);
  write('other/nested/file', mib);
  write('child/own', mib);
  for (const path of ['a', 'a/b']) nest(`${root}/child/${path}`);
  write('child/a/file', 2 * mib);
  write('child/a/b/file', 3 * mib);
  write('child/a/b/small', 10);
  expect(await driver.usage(child)).toEqual({ bytes: 6 * mib + 10, inodes: 4 });
  btrfs('subvolume', 'snapshot', `${root}/child`, `${root}/child/a/copy`);
  expect((await driver.usage(child)).bytes, 'neither the image nor shared data again').toBe(6 * mib + 10);
  rmSync(`${root}/child/own`);
  expect((await driver.usage(child)).bytes, 'the copy still has it').toBe(6 * mib + 10);
  write('child/a/copy/more', mib);
  expect((await driver.usage(child)).bytes).toBe(7 * mib + 10);
  expect((await driver.usage(other)).bytes).toBe(mib);
  await Promise.all([driver.remove('child'), driver.remove('other')]);
  await removedWholly('base');
});

test('many files are counted past one page of the tree, and giving up is possible', async () => {
  await driver.create(base);
  const names = Array.from({ length: 4000 }, (_, n) => `${root}/base/${n}-${'x'.repeat(100)}`);
  for (const name of names) writeFileSync(name, 'twelve bytes');
  expect(await driver.usage(base)).toEqual({ bytes: 12 * 4000, inodes: 4000 });
  const aborted = AbortSignal.abort();
  await expect(driver.usage(base, aborted)).rejects.toThrow();
  await removedWholly('base');
});

test('no switch of the whole filesystem is flipped', async () => {
  await driver.create(base);
  await driver.seal(base);
  expect(() => btrfs('qgroup', 'show', filesystem.directory)).toThrow();
  await removedWholly('base');
});

test('elsewhere the probe says what would help', async () => {
  await using tmpfs = await createLoopFilesystem({ type: 'tmpfs', size: 1 << 20 });
  const result = await definition.probe(contextIn(tmpfs.directory));
  expect(result).toEqual({
    supported: false,
    reason: `${tmpfs.directory} is on tmpfs, not on btrfs`,
    hint: expect.stringContaining('strata storage init btrfs --size 20G'),
  });
});

test('the pool it asks for can be formatted at its minimum size and used', async () => {
  await using disk = await createLoopFilesystem({ type: 'tmpfs', size: 1 << 30 });
  const { format, minimumBytes } = definition.pool;
  const image = `${disk.directory}/pool`;
  execFileSync('truncate', ['-s', String(minimumBytes), image]);
  const [program, ...args] = format;
  execFileSync(program, [...args, image]);
  const mount = { type: 'btrfs', source: image, options: ['loop'] };
  await host.mounter.withMounted([mount], async (directory) => {
    expect(await definition.probe(contextIn(directory))).toEqual({ supported: true });
  });
});
