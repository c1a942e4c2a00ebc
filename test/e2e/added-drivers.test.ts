/**
 * A stranger's evening: in an empty directory outside the repository a driver is created, tested, packed, added and
 * used, and drivers that are broken in every way are refused with a sentence.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npmRegistry } from './driver-registry.ts';
import { examplePackage } from './example-package.ts';
import { create, packWorkspace, run, shareModules, writePackage } from './packages.ts';
import { loadBusybox, type Stage, stage } from './setup.ts';

let place: Stage;
let outside: string;
const kinds = ['layer', 'network', 'cgroup', 'image'] as const;
const folder = (kind: string) => join(outside, `strata-driver-my-${kind}`);
const archive = (kind: string) => join(folder(kind), `strata-driver-my-${kind}-0.1.0.tgz`);

beforeAll(async () => {
  place = await stage({ busybox: true });
  outside = join(place.filesystem.directory, 'outside');
  mkdirSync(join(outside, 'empty'), { recursive: true });
  writeFileSync(join(outside, 'text.tgz'), 'no archive');
  await run('tar', ['-czf', 'other.tgz', 'text.tgz'], outside);
  await packWorkspace(join(outside, 'archives'));
});
afterAll(() => place?.[Symbol.asyncDispose]());

describe('npm create strata-driver', () => {
  it('writes packages that build, type, lint, pass their suite and pack, with nothing edited', {
    timeout: 900_000,
  }, async () => {
    for (const kind of kinds)
      await create(outside, '--kind', kind, '--name', `my-${kind}`, '--packages', join(outside, 'archives'));
    await run('npm', ['install'], folder('layer'));
    await run('pnpm', ['install'], folder('cgroup'));
    for (const kind of kinds) {
      const manager = kind === 'cgroup' ? 'pnpm' : 'npm';
      shareModules(folder('layer'), folder(kind));
      for (const script of ['typecheck', 'lint', 'test']) await run(manager, ['run', script], folder(kind));
      await run(manager, ['pack'], folder(kind));
      expect(existsSync(archive(kind))).toBe(true);
    }
  });
});

describe('strata driver test', () => {
  it.each(kinds)('runs the %s suite against an archive', async (kind) => {
    const { code, stdout, stderr } = await place.home.strata(['driver', 'test', archive(kind), '--json']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ kind, driver: `my-${kind}`, failed: 0, version: '0.1.0' });
    expect(Number(lines.at(-1)?.passed)).toBeGreaterThan(5);
    expect(lines.every(({ outcome, reason }) => outcome !== 'excluded' || String(reason).length > 5)).toBe(
      true,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('fails when the driver does, and says where', async () => {
    const entry = join(folder('layer'), 'dist/index.js');
    const sound = readFileSync(entry, 'utf8');
    // Children of a parent begin empty.
    writeFileSync(entry, sound.replace('await this.#files.copyTree', 'void 0; (() => {})'));
    try {
      const args = ['driver', 'test', folder('layer'), '--case', 'containerd/'];
      const { code, stdout } = await place.home.strata(args);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^ {2}FAIL containerd\/\S+.* ms\)\n {7}\S/m);
      expect(stdout).toMatch(/\d+ passed, [1-9]\d* failed/);
    } finally {
      writeFileSync(entry, sound);
    }
  });
});

describe('strata driver add', () => {
  it('makes --storage=x work, and rm takes it away once nothing needs it', async () => {
    const { home } = place;
    const before = home.traces();
    expect(await home.ok('driver', 'add', archive('layer'))).toContain('--storage=my-layer');
    expect(await home.ok('run', '--rm', '--storage=my-layer', 'busybox:latest', 'echo', 'it runs')).toBe(
      'it runs',
    );
    await home.ok('run', '--name', 'kept', '--storage=my-layer', 'busybox:latest', 'true');
    expect(await home.ok('info')).toMatch(/my-layer: supported/);
    const listed = await home.ok(
      'driver',
      'ls',
      '--format',
      '{{.ID}} {{.Version}} {{.ApiVersion}} {{.Package}}',
    );
    expect(listed.split('\n')).toContain('my-layer 0.1.0 1 strata-driver-my-layer');
    const [seen] = JSON.parse(await home.ok('driver', 'inspect', 'my-layer')) as [Record<string, never>];
    expect(seen).toMatchObject({ BuiltIn: false, Package: { Integrity: expect.stringMatching(/^sha512-/) } });

    const refused = await home.strata(['driver', 'rm', 'my-layer']);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/1 container and \d layers need it/),
    });
    await home.ok('rm', 'kept');
    await home.ok('rmi', 'busybox:latest');
    expect(await home.ok('driver', 'rm', 'strata-driver-my-layer')).toBe('strata-driver-my-layer');
    expect(readdirSync(join(home.root, 'drivers/packages'))).toEqual([]);
    const unknown = await home.strata(['create', '--storage=my-layer', 'busybox:latest']);
    expect(unknown.stderr).toMatch(/no layer driver "my-layer".*\nhint: .*strata driver add/);
    expect(home.traces().mounts).toEqual(before.mounts);
  });

  it('upgrades to what its directory holds, and keeps the old one when that is broken', async () => {
    const { home } = place;
    const source = (version: string, code = layer('up')) =>
      writePackage(outside, { name: 'strata-driver-up', version, code });
    await home.ok('driver', 'add', source('1.0.0'));
    expect((await home.strata(['driver', 'add', source('1.0.0')])).stderr).toMatch(
      /already added.*\nhint: .*upgrade/,
    );
    source('1.1.0');
    expect(await home.ok('driver', 'upgrade', 'up')).toMatch(/@1\.1\.0.* which was 1\.0\.0/);
    source('2.0.0', layer('other'));
    const refused = await home.strata(['driver', 'upgrade', 'up']);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is now the layer driver other/),
    });
    expect(await home.ok('driver', 'inspect', '--format', '{{.Version}}', 'up')).toBe('1.1.0');
    expect(readdirSync(join(home.root, 'drivers/packages'))).toHaveLength(1);
    await home.ok('driver', 'rm', 'up');
  });

  it('upgrades under its layers, which go on being used', async () => {
    const { home } = place;
    await loadBusybox(home);
    const path = examplePackage(outside);
    const manifest = join(path, 'package.json');
    const entry = join(path, 'index.js');
    const release = (version: string, change: (code: string) => string) => {
      const fields = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
      writeFileSync(manifest, JSON.stringify({ ...fields, version }));
      writeFileSync(entry, change(readFileSync(entry, 'utf8')));
    };
    const on = (...args: readonly string[]) => home.ok('run', '--storage=example', ...args);
    await home.ok('driver', 'add', path);
    await on('--name', 'old', 'busybox:latest', 'sh', '-c', 'echo written by 1.0.0 > /mine; rm -f /bin/wget');
    const layers = home.traces().layers.example;
    expect(layers?.length).toBeGreaterThan(1);

    release('1.1.0', (code) => code.replace("summary: '", "summary: 'the newer one, "));
    expect(await home.ok('driver', 'upgrade', 'example')).toMatch(/@1\.1\.0.* which was 1\.0\.0/);
    expect(await home.ok('driver', 'inspect', '--format', '{{.Version}} {{.Summary}}', 'example')).toMatch(
      /^1\.1\.0 the newer one/,
    );
    expect(home.traces().layers.example).toEqual(layers);
    expect(await home.ok('diff', 'old')).toMatch(/^D \/bin\/wget$/m);
    expect(await home.ok('cp', 'old:/mine', '-')).toContain('written by 1.0.0');
    await home.ok('commit', 'old', 'from-old:1');
    expect(await on('--rm', 'from-old:1', 'cat', '/mine')).toBe('written by 1.0.0');
    // The image is not unpacked again, and its layers are what a new container stands on.
    await on('--name', 'new', 'busybox:latest', 'true');
    expect(home.traces().layers.example).toEqual(expect.arrayContaining([...layers!]));

    release('2.0.0', () => 'throw new Error("a bad release")');
    const refused = await home.strata(['driver', 'upgrade', 'example']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/a bad release/) });
    expect(await home.ok('start', '-a', 'old')).toBe('');
    expect(await home.ok('cp', 'old:/mine', '-')).toContain('written by 1.0.0');
    await home.ok('rm', 'old', 'new');
    await home.ok('rmi', 'from-old:1', 'busybox:latest');
    expect(home.traces().layers.example).toEqual([]);
    await home.ok('driver', 'rm', 'example');
  });

  it.each([
    ['a contract of the future', layer('x', { apiVersion: 2 }), /speaks version 2 .*\nhint: Update Strata/],
    ['a name that is taken', layer('overlay'), /layer driver overlay comes with Strata/],
    ['a bad export', 'export default 42', /no DriverDefinition as its default export/],
    ['no export', 'export const driver = 1', /no DriverDefinition as its default export/],
    ['a kind nobody knows', layer('x', { kind: 'toaster' }), /unknown kind "toaster"/],
    ['a bad id', layer('Über'), /"Über" is not an id/],
    ['no probe', layer('x', { probe: undefined }), /has no probe function/],
    ['an import that throws', 'throw new Error("boom at import")', /cannot be imported: boom at import/],
    ['an import that never ends', 'await new Promise(() => {})', /importing it waits forever/],
    ['an import that ends the process', 'process.exit(3)', /ends the process \(exit status 3\)/],
    ['code that was not packed', 'import "./missing.js"', /cannot be imported: .*missing\.js/],
    [
      'what only a newer Strata has',
      'import { tomorrow } from "@strata/core"; tomorrow();',
      /export named 'tomorrow'.*\nhint: .*update Strata/,
    ],
  ])('refuses %s', async (_, code, said) => {
    const path = writePackage(outside, { name: 'strata-driver-broken', code });
    const { code: exit, stderr } = await place.home.strata(['driver', 'add', path]);
    expect(stderr).toMatch(said);
    expect(stderr).toMatch(/^strata: .*strata-driver-broken@1\.0\.0.*\nhint: .+\n$/);
    expect(exit).toBe(1);
    expect(readdirSync(join(place.home.root, 'drivers/packages'))).toEqual([]);
  });

  it.each([
    ['./nowhere', /There is no \.\/nowhere/],
    ['Not A Name', /is not the name of a package/],
    ['--prefix=/', /unknown|flag|option/i],
    ['./empty', /\.\/empty is not an npm package: it has no package\.json/],
    ['./text.tgz', /\.\/text\.tgz is not an npm package: it is no archive/],
    ['./other.tgz', /\.\/other\.tgz is not an npm package: it has no package\.json/],
    ['https://example.org/x.tgz', /There is no|is not the name/],
  ])('refuses the package %s', async (spec, said) => {
    const { code, stderr } = await place.home.strata(['driver', 'add', spec], { cwd: outside });
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(said);
    if (!spec.startsWith('--')) expect(stderr).toMatch(/^strata: .*\nhint: .*\n$/);
  });

  it('refuses a driver for another core, and runs no script of a package', async () => {
    const peers = { peerDependencies: { '@strata/core': '^9.0.0' } };
    const future = writePackage(outside, {
      name: 'strata-driver-future',
      code: layer('future'),
      manifest: peers,
    });
    expect((await place.home.strata(['driver', 'add', future])).stderr).toMatch(
      /another version of @strata\/core/,
    );
    const mark = join(outside, 'script-ran');
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare'].map((name) => [name, `touch ${mark}`]),
    );
    const manifest = { scripts };
    await place.home.ok(
      'driver',
      'add',
      writePackage(outside, { name: 'strata-driver-sly', code: layer('sly'), manifest }),
    );
    expect(existsSync(mark)).toBe(false);
    await place.home.ok('driver', 'rm', 'sly');
  });
});

describe('strata driver add NAME, from a registry', () => {
  it('takes the latest or the version asked for, upgrades, and checks what was downloaded', async () => {
    const { home } = place;
    await using registry = await npmRegistry();
    const env = { npm_config_registry: registry.url };
    const driver = (...args: readonly string[]) => home.strata(['driver', ...args], { env });
    const packed = async (version: string) => {
      const path = writePackage(outside, { name: 'strata-driver-named', version, code: layer('named') });
      await run('npm', ['pack', '--pack-destination', outside], path);
      return join(outside, `strata-driver-named-${version}.tgz`);
    };
    registry.publish(await packed('1.0.0'));
    registry.publish(await packed('1.1.0'));
    expect((await driver('add', 'strata-driver-named@1.0.0')).stdout).toMatch(/strata-driver-named@1\.0\.0/);
    expect((await driver('upgrade', 'named')).stdout).toMatch(/@1\.1\.0: .* which was 1\.0\.0/);
    expect((await driver('rm', 'named')).code).toBe(0);
    expect((await driver('add', 'strata-driver-named')).stdout).toMatch(/strata-driver-named@1\.1\.0/);
    expect((await driver('rm', 'named')).code).toBe(0);

    expect(await driver('add', 'strata-driver-named@9')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no such version .*DRIVER_PACKAGE_NOT_FOUND.*\nhint: /),
    });
    expect(await driver('add', 'strata-driver-nobody')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no package strata-driver-nobody .*\nhint: /),
    });
    registry.publish(await packed('1.2.0'), { lie: true });
    expect(await driver('add', 'strata-driver-named@1.2.0')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is not what the npm registry says it is \(DRIVER_INTEGRITY\)\nhint: /),
    });
    expect(readdirSync(join(home.root, 'drivers/packages'))).toEqual([]);
  });
});

describe('an added driver that breaks', () => {
  beforeAll(() => loadBusybox(place.home));

  it.each([
    ['throws in probe', { probe: 'async () => { throw new Error("bad day") }' }, /its probe failed: bad day/],
    ['answers nonsense', { probe: 'async () => "yes"' }, /its probe returned no answer/],
    ['hangs in probe', { probe: '() => new Promise((r) => setTimeout(r, 1e6))' }, /no answer within 9 s/],
    ['throws in create', { create: '() => { throw new Error("no disk") }' }, /its create failed: no disk/],
  ])('%s: it is named, and the others go on working', async (_, members, said) => {
    const { home } = place;
    const path = writePackage(outside, { name: 'strata-driver-sick', code: layer('sick', members) });
    expect(await home.ok('driver', 'add', path)).toMatch(said);
    const { code, stderr } = await home.strata(['storage', 'ls']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const used = await home.strata(['create', '--storage=sick', 'busybox:latest']);
    expect(used.stderr).toMatch(said);
    expect(used.stderr).toMatch(/strata-driver-sick@1\.0\.0.*\nhint: .+/);
    expect(used.code).toBeGreaterThan(0);
    await home.ok('run', '--rm', '--storage=overlay', 'busybox:latest', 'true');
    await home.ok('driver', 'rm', 'sick');
  });

  it('is refused when its files have changed since', async () => {
    const { home } = place;
    await home.ok(
      'driver',
      'add',
      writePackage(outside, { name: 'strata-driver-worn', code: layer('worn') }),
    );
    const [directory] = readdirSync(join(home.root, 'drivers/packages'));
    const entry = join(home.root, 'drivers/packages', directory!, 'node_modules/strata-driver-worn/index.js');
    writeFileSync(entry, layer('worn', { summary: '"changed"' }));
    expect(await home.ok('driver', 'inspect', '--format', '{{.Reason}} {{.Hint}}', 'worn')).toMatch(
      /files in its directory have changed Install it again: strata driver upgrade strata-driver-worn/,
    );
    await home.ok('driver', 'upgrade', 'worn');
    expect(await home.ok('driver', 'inspect', '--format', '{{.Supported}}', 'worn')).toBe('true');
    await home.ok('driver', 'rm', 'worn');
  });
});

/** The source of a layer driver that says yes to everything; members are source text. */
function layer(id: string, members: Readonly<Record<string, unknown>> = {}): string {
  const all: Record<string, unknown> = {
    kind: '"layer"',
    id: JSON.stringify(id),
    apiVersion: 1,
    summary: '"for a test"',
    options: '{ "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } }',
    probe: 'async () => ({ supported: true })',
    create: '() => ({ capabilities: {}, list: async () => [], cleanup: async () => {} })',
    ...members,
  };
  if (members.kind !== undefined) all.kind = JSON.stringify(members.kind);
  return `export default { ${Object.entries(all)
    .map(([name, text]) => `${name}: ${text}`)
    .join(', ')} };`;
}
