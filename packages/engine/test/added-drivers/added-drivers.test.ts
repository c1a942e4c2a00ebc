import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DriverKind } from '@strata/core';
import { expect, test } from 'vitest';
import { type AddedDriver, putAddedDriver } from '../../src/added-drivers/added-driver.ts';
import { packageSpec } from '../../src/added-drivers/driver-package.ts';
import { lockPackages, packagesDirectory } from '../../src/added-drivers/packages-directory.ts';
import { treeDigest } from '../../src/added-drivers/tree-digest.ts';
import { storePaths } from '../../src/state/paths.ts';
import { testFilesystem, testServices } from '../store.ts';

const filesystem = await testFilesystem('tmpfs');

interface Facts {
  readonly kind?: DriverKind;
  readonly id: string;
  readonly apiVersion?: number;
  /** Source of the module. */
  readonly code?: string;
}

const code = (id: string, kind = 'layer') => `
  globalThis.loadedDrivers = [...(globalThis.loadedDrivers ?? []), ${JSON.stringify(id)}];
  export default {
    kind: '${kind}', id: '${id}', apiVersion: 1, summary: 'x',
    options: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } },
    probe: async () => ({ supported: true }), create: () => ({ capabilities: { made: true } }),
  };`;
const loaded = () => (globalThis as { loadedDrivers?: string[] }).loadedDrivers ?? [];

/** A store in which drivers were added earlier, by another process. */
async function storeWith(...drivers: readonly Facts[]): Promise<string> {
  const root = mkdtempSync(join(filesystem, 'added-'));
  await using store = testServices(filesystem, { root });
  for (const { id, kind = 'layer', apiVersion = 1, code: source = code(id, kind) } of drivers) {
    const directory = join(packagesDirectory(store.services.paths), `${kind}-${id}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'entry.mjs'), source);
    const driver: AddedDriver = {
      kind,
      id,
      apiVersion,
      summary: 'x',
      pool: undefined,
      package: `strata-driver-${id}`,
      version: '1.0.0',
      spec: `strata-driver-${id}`,
      integrity: 'sha512-x',
      tree: treeDigest(directory),
      directory: `${kind}-${id}`,
      added: new Date(),
      updated: new Date(),
    };
    putAddedDriver(store.services.database, driver);
  }
  return root;
}

test('an added driver is known by its row and loaded when it is used', async () => {
  await using store = testServices(filesystem, { root: await storeWith({ id: 'lazy' }, { id: 'idle' }) });
  const { drivers } = store.services;
  expect(drivers.ids('layer')).toEqual(expect.arrayContaining(['overlay', 'lazy', 'idle']));
  expect(drivers.isAdded('layer', 'lazy')).toBe(true);
  expect(await drivers.firstSupported('layer')).not.toBe('lazy');
  expect(loaded()).toEqual([]);
  expect(await drivers.get('layer', 'lazy')).toMatchObject({ capabilities: { made: true } });
  expect(loaded()).toEqual(['lazy']);
});

test('an added driver is never chosen, only named', async () => {
  const root = await storeWith({ id: 'mine', kind: 'cgroup' });
  await using store = testServices(filesystem, { root, drivers: [] });
  expect(await store.services.drivers.firstSupported('cgroup', ['mine'])).toBeUndefined();
});

test('a driver that Strata itself has learned gives way, and nothing else breaks', async () => {
  await using store = testServices(filesystem, { root: await storeWith({ id: 'vfs', code: 'throw 1' }) });
  expect(store.services.drivers.isAdded('layer', 'vfs')).toBe(false);
  expect(await store.services.drivers.probe('layer', 'vfs')).toMatchObject({ supported: true });
});

test.each([
  [
    { id: 'old', apiVersion: 0 },
    /speaks version 0 of the layer contract/,
    'strata driver upgrade strata-driver-old',
  ],
  [{ id: 'newer', apiVersion: 2 }, /speaks version 2 of the layer contract/, 'Update Strata'],
  [{ id: 'liar', code: code('other') }, /no longer exports the layer driver liar/, 'strata driver upgrade'],
  [{ id: 'bad', code: 'export default undefined' }, /no longer exports the layer driver bad/, 'upgrade'],
  [
    { id: 'boom', code: 'throw new Error("boom")' },
    /cannot be used: boom/,
    'strata driver rm strata-driver-boom',
  ],
])('%o is told with package and fix, and the others work', async (facts, said, hint) => {
  await using store = testServices(filesystem, { root: await storeWith(facts) });
  const { drivers } = store.services;
  expect(await drivers.probe('layer', facts.id)).toMatchObject({
    supported: false,
    reason: expect.stringMatching(said),
    hint: expect.stringContaining(hint),
  });
  await expect(drivers.get('layer', facts.id)).rejects.toMatchObject({
    message: expect.stringMatching(`strata-driver-${facts.id}@1.0.0`),
  });
  expect(await drivers.probe('layer', 'vfs')).toMatchObject({ supported: true });
});

test('names are found by package, id and kind, and built-in ones are left alone', async () => {
  const root = await storeWith({ id: 'twin' }, { id: 'twin', kind: 'network' });
  await using store = testServices(filesystem, { root });
  const api = await store.apis.drivers();
  expect(await api.inspect('layer/twin')).toMatchObject({
    id: 'twin',
    package: { name: 'strata-driver-twin' },
  });
  await expect(api.inspect('twin')).rejects.toMatchObject({
    code: 'DRIVER_AMBIGUOUS',
    hint: expect.stringMatching('layer/twin'),
  });
  await expect(api.remove('vfs')).rejects.toMatchObject({ code: 'DRIVER_BUILT_IN' });
  await expect(api.remove('nobody')).rejects.toMatchObject({ code: 'DRIVER_UNKNOWN' });
  expect(await api.inspect('vfs')).toMatchObject({ id: 'vfs', apiVersion: 1 });
});

test('a built-in id is never looked for in the registry', async () => {
  await using store = testServices(filesystem, { root: await storeWith() });
  const api = await store.apis.drivers();
  await expect(api.add('vfs')).rejects.toMatchObject({ code: 'DRIVER_EXISTS' });
  expect(await api.borrow('vfs', async ({ definition, module }) => [definition.id, module])).toEqual([
    'vfs',
    undefined,
  ]);
});

test('what a killed add left is swept, what rows name is kept', async () => {
  const root = await storeWith({ id: 'kept' });
  await using store = testServices(filesystem, { root });
  const packages = packagesDirectory(store.services.paths);
  mkdirSync(join(packages, 'half/node_modules'), { recursive: true });
  await (await lockPackages(store.services)).release();
  expect(readdirSync(packages)).toEqual(['layer-kept']);
});

test('the digest sees every byte and name', () => {
  const directory = mkdtempSync(join(filesystem, 'digest-'));
  writeFileSync(join(directory, 'a'), '1');
  const before = treeDigest(directory);
  expect(treeDigest(directory)).toBe(before);
  writeFileSync(join(directory, 'a'), '2');
  const changed = treeDigest(directory);
  writeFileSync(join(directory, 'b'), '');
  expect(new Set([before, changed, treeDigest(directory)]).size).toBe(3);
});

test.each([
  ['strata-driver-x', 'strata-driver-x'],
  ['@me/strata-driver-x@^1.2.0', '@me/strata-driver-x@^1.2.0'],
  ['.', filesystem],
])('names the package %s', (given, spec) => {
  expect(packageSpec(given, filesystem)).toBe(spec);
});

test.each(['', '-g', '--global', 'a b', 'git+ssh://x/y', 'x@npm:y', '../none', 'none.tgz', 'UPPER'])(
  'refuses the package %j',
  (given) => {
    expect(() => packageSpec(given, filesystem)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^DRIVER_PACKAGE_(?:INVALID|NOT_FOUND)$/) }),
    );
  },
);

test('packages lie below the root', () => {
  expect(packagesDirectory(storePaths('/r', '/run'))).toBe('/r/drivers/packages');
});
