import { type AnyDriverDefinition, type LayerDriver, noOptions } from '@strata/core';
import { expect, test } from 'vitest';
import { testFilesystem, testServices } from '../store.ts';

const directory = await testFilesystem('tmpfs');

function driver(id: string, supported: boolean): AnyDriverDefinition {
  return {
    kind: 'layer',
    id,
    apiVersion: 1,
    summary: id,
    options: noOptions,
    probe: async () =>
      supported ? { supported } : { supported, reason: `${id} does not work`, hint: 'none' },
    create: () => ({}) as LayerDriver,
  };
}

test('named beats configured beats recorded beats the first that works', async () => {
  const drivers = [driver('vfs', true), driver('btrfs', true), driver('overlay', true)];
  await using store = testServices(directory, { drivers });
  expect(await store.services.layers.select()).toBe('overlay');
  expect(await store.services.layers.select('vfs')).toBe('vfs');
  const root = `${store.services.paths.root}/..`;
  await using configured = testServices(directory, { root, drivers, config: { storage: 'vfs' } });
  expect(await configured.services.layers.select()).toBe('vfs');
  // The store keeps its default although overlay went away.
  await using later = testServices(directory, {
    root,
    drivers: [driver('overlay', false), driver('btrfs', true)],
  });
  expect(await later.services.layers.select()).toBe('overlay');
});

test('btrfs is taken where overlay does not work', async () => {
  await using store = testServices(directory, { drivers: [driver('overlay', false), driver('btrfs', true)] });
  expect(await store.services.layers.select()).toBe('btrfs');
});

test('vfs is never chosen silently; the error says why the others do not work', async () => {
  await using store = testServices(directory, {
    drivers: [driver('overlay', false), driver('btrfs', false), driver('vfs', true)],
  });
  await expect(store.services.layers.select()).rejects.toMatchObject({
    code: 'DRIVER_NONE_SUPPORTED',
    message: expect.stringMatching(/overlay: overlay does not work.*btrfs: btrfs does not work/),
    hint: expect.stringContaining('--storage=vfs'),
  });
  expect(await store.services.layers.select('vfs')).toBe('vfs');
});
