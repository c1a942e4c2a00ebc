/** What npm would publish: the archives of every package, looked at from outside, installed and loaded in both module systems. */
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './packages.ts';

const repository = resolve(import.meta.dirname, '../..');
const publint = join(repository, 'node_modules/.bin/publint');
const typeRoots = join(repository, 'node_modules/@types');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
}

const packages = globSync('{packages,drivers,plugins}/*/package.json', { cwd: repository })
  .map((file) => join(repository, file))
  .map((file) => ({ ...(JSON.parse(readFileSync(file, 'utf8')) as Manifest), folder: dirname(file) }))
  .filter((manifest) => !manifest.private);

const archiveOf = ({ name, version }: Manifest) =>
  `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;

/** Node 24 loads ES modules by require(), which is executed below; the TypeScript inside attw is older than that. */
const fromRequire = ({ kind }: Problem) => kind === 'CJSResolvesToESM';
/** Of TypeScript that does not read "exports"; `engines` asks for Node 24. */
const node10 = (problem: Problem) => problem.kind === 'NoResolution' && problem.resolutionKind === 'node10';

let directory: string;
beforeAll(async () => {
  directory = mkdtempSync('/dev/shm/strata-published-');
  for (const { folder } of packages) await run('pnpm', ['pack', '--pack-destination', directory], folder);
});
afterAll(() => directory && rmSync(directory, { recursive: true }));

it('is every package that is not private', () => {
  expect(readdirSync(directory).sort()).toEqual(packages.map(archiveOf).sort());
  expect(packages.length).toBeGreaterThan(20);
});

describe.each(packages)('$name', (manifest) => {
  const archive = () => join(directory, archiveOf(manifest));

  it('has exports, files and types that are right (publint, are-the-types-wrong)', async () => {
    const said = await run(publint, ['run', archive(), '--strict'], directory).catch(
      (error: Error) => error.message,
    );
    // The core that added drivers get lies in the program as a package of its own.
    const errors = [...said.matchAll(/^\d+\. .*$/gm)].filter(
      ([line]) => !line.includes('./dist/core/package.json has an "exports" field'),
    );
    expect(errors.map(([line]) => line)).toEqual([]);

    const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(archive()))));
    if (manifest.name === '@strata/cli') expect(checked.types).toBe(false);
    else expect(checked.types).toMatchObject({ kind: 'included' });
    const problems = checked.types === false ? [] : checked.problems;
    expect(problems.filter((problem) => !fromRequire(problem) && !node10(problem))).toEqual([]);
  });

  it('holds what it needs and no more', async () => {
    const files = await run('tar', ['-tf', archive()], directory);
    expect(files).not.toMatch(/node_modules|\.tsbuildinfo|\/test\/(?!conformance\.test\.ts)/);
  });
});

describe('installed from its archives', () => {
  const wanted = ['core', 'host', 'native', 'conformance', 'erofs', 'layer-overlay', 'network-none'];
  let outside: string;

  beforeAll(async () => {
    outside = join(directory, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'package.json'), '{ "private": true }');
    const archives = packages
      .filter(({ folder }) =>
        wanted.some((name) => folder.endsWith(`/${name}`) || folder.endsWith(`-${name}`)),
      )
      .map((manifest) => join(directory, archiveOf(manifest)));
    await run('npm', ['install', '--no-save', ...archives], outside);
  });

  const check = `
    const assert = require('node:assert/strict');
    const modules = ['core', 'host', 'conformance', 'conformance/network', 'native', 'driver-layer-overlay', 'driver-network-none']
      .map((name) => '@strata/' + name).concat('strata-driver-erofs');
    const both = async () => {
      for (const name of modules) {
        const required = require(name);
        const imported = await import(name);
        assert.deepEqual(Object.keys(required).filter((key) => key !== '__esModule' && key !== 'module.exports').sort(),
          Object.keys(imported).filter((key) => key !== 'module.exports' && (key !== 'default' || required.default)).sort(), name);
      }
      const { isStrataError, StrataError } = require('@strata/core');
      assert.equal((await import('@strata/core')).StrataError, StrataError);
      assert.ok(isStrataError(new StrataError('internal', 'X', 'x')));
      assert.ok(require('@strata/conformance').layerDriverCases.length > 50);
      assert.equal(require('strata-driver-erofs').default.id, 'erofs');
      console.log('both');
    };
    both();`;

  it('loads by require() and by import', async () => {
    writeFileSync(join(outside, 'both.cjs'), check);
    expect(await run(process.execPath, ['--no-warnings', 'both.cjs'], outside)).toBe('both\n');
  });

  it.each(['cts', 'mts'])('types a program of an author in .%s', async (extension) => {
    const program = `
      import { isStrataError, LayerDirectory, type LayerDriver } from '@strata/core';
      import { layerDriverCases } from '@strata/conformance';
      import { createHost } from '@strata/host';
      import erofs from 'strata-driver-erofs';
      export const id: 'layer' = erofs.kind;
      export const host = createHost();
      export const names: string[] = layerDriverCases.map(({ name }) => name);
      export async function first(driver: LayerDriver, directory: LayerDirectory): Promise<readonly string[]> {
        return isStrataError(driver) ? directory.ids() : driver.list();
      }
      // @ts-expect-error: types are there, and say no
      export const wrong: number = erofs.kind;`;
    writeFileSync(join(outside, `author.${extension}`), program);
    const tsc = join(repository, 'node_modules/.bin/tsc');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024'];
    const types = ['--lib', 'es2024,esnext.disposable', '--types', 'node', '--typeRoots', typeRoots];
    await run(tsc, [...options, ...types, `author.${extension}`], outside);
  });
});
