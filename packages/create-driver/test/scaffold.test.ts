import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { kinds, namesFrom, pascalCase } from '../src/names.ts';
import { scaffold } from '../src/scaffold.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'create-driver-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const main = resolve(import.meta.dirname, '../src/main.ts');
const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: directory,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

it.each(kinds)('writes a %s driver in which nothing is left of the template', (kind) => {
  const target = scaffold({ kind, name: '@me/strata-driver-big-fs', directory: join(directory, 'new') });
  const files = readdirSync(target, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of files)
    expect(`${file}\n${readFileSync(file, 'utf8')}`).not.toMatch(/example|@[A-Z_]+@/i);
  const manifest = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as Record<string, unknown>;
  expect(manifest).toMatchObject({
    name: '@me/strata-driver-big-fs',
    keywords: ['strata-driver'],
    peerDependencies: { '@strata/core': '^0.1.0' },
  });
  expect(manifest.dependencies).toBeUndefined();
  const names = readdirSync(target);
  expect(names).toEqual(
    expect.arrayContaining(['.gitignore', 'README.md', 'biome.json', 'src', 'test', 'tsconfig.json']),
  );
  const suite = readFileSync(join(target, 'test/conformance.test.ts'), 'utf8');
  expect(suite.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

it('knows a driver by any of its names', () => {
  expect(namesFrom('zfs')).toEqual({ id: 'zfs', packageName: 'strata-driver-zfs' });
  expect(namesFrom('strata-driver-zfs')).toEqual({ id: 'zfs', packageName: 'strata-driver-zfs' });
  expect(namesFrom('@a/strata-driver-zfs')).toEqual({ id: 'zfs', packageName: '@a/strata-driver-zfs' });
  for (const bad of ['', 'Zfs', '../x', '-x', 'x/y', 'x'.repeat(33), 'strata-driver-', 'a-'])
    expect(() => namesFrom(bad), bad).toThrow(/is not a driver's name/);
  expect(pascalCase('my-big-fs')).toBe('MyBigFs');
});

it('takes @strata packages from archives, with npm and with pnpm, or writes nothing', () => {
  const packages = join(directory, 'archives');
  const target = join(directory, 'new');
  const make = () => scaffold({ kind: 'layer', name: 'x', directory: target, packages });
  expect(make).toThrow(/no archives of @strata packages in .*\/archives: /);
  mkdirSync(packages);
  writeFileSync(join(packages, 'other-1.0.0.tgz'), '');
  expect(make).toThrow(/no archives of @strata packages/);
  expect(readdirSync(directory)).toEqual(['archives']);
  for (const name of ['core', 'native']) writeFileSync(join(packages, `strata-${name}-1.2.3.tgz`), '');
  make();
  const manifest = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as Record<string, unknown>;
  const core = `file:${packages}/strata-core-1.2.3.tgz`;
  expect(manifest.devDependencies).toMatchObject({
    '@strata/core': core,
    '@strata/native': `file:${packages}/strata-native-1.2.3.tgz`,
  });
  const settings = readFileSync(join(target, 'pnpm-workspace.yaml'), 'utf8');
  expect(settings).toContain(`overrides:\n  "@strata/core": "${core}"\n`);
  expect(settings).toMatch(/^allowBuilds:\n {2}esbuild: false$/m);
});

it('leaves what is there alone', () => {
  writeFileSync(join(directory, 'mine'), 'mine');
  expect(() => scaffold({ kind: 'layer', name: 'x', directory })).toThrow(/is not empty/);
  expect(readdirSync(directory)).toEqual(['mine']);
});

it('asks nobody when there is no terminal', () => {
  expect(run()).toMatchObject({ status: 1, stderr: expect.stringMatching(/Give --kind and --name/) });
  expect(run('--kind', 'disk')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/use one of layer, network/),
  });
  expect(run('--kind', 'layer', '--name', 'Bad Name')).toMatchObject({ status: 1 });
  expect(run('--help').stdout).toContain('--kind');
  expect(run('--kind', 'layer', '--name', 'x')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/npm test/),
  });
  expect(readdirSync(directory)).toEqual(['strata-driver-x']);
});
