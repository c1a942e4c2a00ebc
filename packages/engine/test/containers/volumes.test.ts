import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { CreateRequest } from '../../src/api/containers.ts';
import type { VolumesApi } from '../../src/api/volumes.ts';
import { Findings } from '../../src/system/findings.ts';
import { checkVolumes } from '../../src/volumes/check-volumes.ts';
import { createVolumesApi } from '../../src/volumes/volumes-api.ts';
import { type Fixture, finish, openFixture } from './fixture.ts';

let fixture: Fixture;
let volumes: VolumesApi;

beforeAll(async () => {
  fixture = await openFixture();
  volumes = createVolumesApi(fixture.services);
  await fixture.image(
    'data',
    (rootfs) => {
      mkdirSync(join(rootfs, 'data'), { mode: 0o750 });
      chownSync(join(rootfs, 'data'), 7, 8);
      writeFileSync(join(rootfs, 'data/first'), 'from the image\n');
    },
    { volumes: ['/data'] },
  );
});
afterAll(() => fixture[Symbol.asyncDispose]());
afterEach(async () => {
  for (const { id } of await fixture.api.list({ all: true }))
    await fixture.api.remove(id, { force: true, volumes: true });
  for (const { name } of await volumes.list()) await volumes.remove(name);
  await expect.poll(() => fixture.leaks()).toEqual([]);
});

const names = async () => (await volumes.list()).map(({ name }) => name);
const run = (request: Partial<CreateRequest>, script: string) =>
  fixture.run({ ...request, command: ['sh', '-c', script] });
const volume = (source: string, target: string, more = {}) => ({
  mounts: [{ type: 'volume' as const, source, target, ...more }],
});

it('a named volume outlives containers and is shared by them', async () => {
  await run(volume('shared', '/s'), 'echo one > /s/file');
  expect(await names()).toEqual(['shared']);
  expect(
    await run(volume('shared', '/t', { readOnly: true }), 'cat /t/file; echo x > /t/file'),
  ).toMatchObject({
    stdout: 'one\n',
    stderr: expect.stringContaining('Read-only'),
  });
  expect(await volumes.inspect('shared')).toMatchObject({
    Driver: 'local',
    Mountpoint: join(fixture.root, 'volumes/shared/_data'),
  });
});

it('an empty one gets the files of the image with owners and modes, once', async () => {
  const list = 'cat /data/*; echo changed > /data/first';
  expect((await run({ image: 'data', ...volume('filled', '/data') }, list)).stdout).toBe('from the image\n');
  expect((await run({ image: 'data', ...volume('filled', '/data') }, list)).stdout).toBe('changed\n');
  expect(statSync(join(fixture.root, 'volumes/filled/_data'))).toMatchObject({ uid: 7, gid: 8 });
  expect(
    (await run({ image: 'data', ...volume('bare', '/data', { noCopy: true }) }, 'ls /data')).stdout,
  ).toBe('');
});

it('one that a running container has mounted is filled under it', async () => {
  const user = await fixture.api.run({
    image: 'busybox',
    command: ['sleep', '300'],
    detach: true,
    ...volume('seen', '/s'),
  });
  expect((await run({ image: 'data', ...volume('seen', '/data') }, 'true')).code).toBe(0);
  const exec = (...command: string[]) => fixture.api.exec({ container: user.containerId, command });
  expect((await finish(await exec('cat', '/s/first'))).stdout).toBe('from the image\n');
  expect((await finish(await exec('stat', '-c', '%u:%g %a', '/s'))).stdout).toBe('7:8 750\n');
});

it('a filling that a crash interrupted goes on, and keeps what containers wrote', async () => {
  await volumes.create({ name: 'half' });
  const place = join(fixture.root, 'volumes/half');
  mkdirSync(join(place, 'filled/sub'), { recursive: true });
  writeFileSync(join(place, 'filled/sub/late'), 'late\n');
  writeFileSync(join(place, 'filled/mine'), 'of the image\n');
  writeFileSync(join(place, '_data/mine'), 'of a container\n');
  const { stdout } = await run(
    { image: 'data', ...volume('half', '/data') },
    'cat /data/sub/late /data/mine',
  );
  expect(stdout).toBe('late\nof a container\n');
  expect(readdirSync(place)).toEqual(['_data']);
});

it('the owner an empty one was given stays, where the image has nothing and over restarts', async () => {
  await run(volume('given', '/nowhere'), 'chown 33:44 /nowhere');
  const as = { user: '33:44' };
  expect((await run({ ...as, ...volume('given', '/nowhere') }, 'touch /nowhere/x; rm /nowhere/x')).code).toBe(
    0,
  );
  const { id } = await fixture.api.create({
    image: 'data',
    command: ['sh', '-c', 'stat -c %u /data; rm -f /data/first; chown 33 /data'],
    ...volume('again', '/data'),
  });
  expect((await finish(await fixture.api.start(id, { attach: true }))).stdout).toBe('7\n');
  expect((await finish(await fixture.api.start(id, { attach: true }))).stdout).toBe('33\n');
});

it('an anonymous volume goes with --rm and rm -v, and stays otherwise', async () => {
  expect((await run({ image: 'data' }, 'cat /data/first')).stdout).toBe('from the image\n');
  expect(await names()).toEqual([]);
  const kept = await fixture.api.create({ image: 'data', command: ['true'] });
  const [name = ''] = await names();
  expect(name).toMatch(/^[0-9a-f]{64}$/);
  await expect(volumes.remove(name)).rejects.toMatchObject({ code: 'VOLUME_IN_USE' });
  await fixture.api.remove(kept.id);
  expect(await names()).toEqual([name]);
  expect((await volumes.prune()).removed).toEqual([name]);
  expect(existsSync(join(fixture.root, 'volumes', name))).toBe(false);
  const gone = await fixture.api.create({ image: 'data', command: ['true'] });
  await fixture.api.remove(gone.id, { volumes: true });
  expect(await names()).toEqual([]);
});

it('prune takes named ones only when all are asked for, and never what is used', async () => {
  await volumes.create({ name: 'keep', labels: { tier: 'gold' } });
  await volumes.create({ name: 'used' });
  await volumes.create();
  const { id } = await fixture.api.create({ image: 'busybox', command: ['true'], ...volume('used', '/u') });
  expect((await volumes.prune()).removed).toHaveLength(1);
  expect((await volumes.prune({ all: true, labels: ['!tier'] })).removed).toEqual([]);
  expect(await volumes.list({ labels: ['tier=gold'] })).toMatchObject([{ name: 'keep', containers: [] }]);
  expect((await volumes.prune({ all: true })).removed).toEqual(['keep']);
  expect(await names()).toEqual(['used']);
  expect(await fixture.api.inspect(id)).toMatchObject({
    Mounts: [{ Type: 'volume', Name: 'used', Destination: '/u', RW: true }],
    HostConfig: { Binds: ['used:/u'] },
  });
});

it('--volumes-from takes another container with its volumes', async () => {
  const { id } = await fixture.api.create({ image: 'data', command: ['true'], ...volume('a1', '/a') });
  const { stdout, stderr } = await run(
    { volumesFrom: [`${id}:ro`] },
    'cat /data/first; ls -d /a; echo > /a/x',
  );
  expect(stdout).toBe('/a\n');
  expect(stderr).toContain('Read-only');
});

it('bad names are refused before anything is made', async () => {
  for (const name of ['../x', 'a', '', '/x', 'a/b', '-x', 'x'.repeat(256)])
    await expect(volumes.create({ name })).rejects.toMatchObject({ code: 'VOLUME_NAME_INVALID' });
  await expect(run(volume('../../etc', '/e'), 'true')).rejects.toMatchObject({ code: 'VOLUME_NAME_INVALID' });
  await expect(volumes.inspect('nothing')).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
  expect(await names()).toEqual([]);
});

it('copies into and out of a volume of a container that does not run', async () => {
  const { id } = await fixture.api.create({ image: 'data', command: ['true'] });
  expect(await fixture.api.statPath(id, '/data/first')).toMatchObject({ size: 15 });
  expect(await fixture.api.statPath(id, '/')).toMatchObject({ isDirectory: true, name: '/' });
  const { stat, tar } = await fixture.api.copyOut(id, '/');
  expect(stat.name).toBe('/');
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part);
  expect(Buffer.concat(parts).includes('data/first')).toBe(true);
  const session = await fixture.api.start(id, { attach: true });
  expect((await finish(session)).code).toBe(0);
});

it('check finds what rows and directories disagree about, and loses nothing by mending it', async () => {
  const check = async (repair: boolean) => {
    const findings = new Findings(repair);
    await checkVolumes(fixture.services, findings);
    return findings.list.map(({ code, repaired }) => `${code}${repaired ? ' repaired' : ''}`);
  };
  const directory = join(fixture.root, 'volumes');
  const { id } = await fixture.api.create({ image: 'busybox', command: ['true'], ...volume('used', '/d') });
  await volumes.create({ name: 'half' });
  await volumes.create({ name: 'empty' });
  // Its directory is made by the first start.
  expect(await check(false)).toEqual([]);
  await finish(await fixture.api.start(id, { attach: true }));
  rmSync(join(directory, 'used'), { recursive: true });
  fixture.services.database.run("UPDATE volumes SET state = 'removing' WHERE name = 'half'");
  mkdirSync(join(directory, 'stray/_data'), { recursive: true });
  writeFileSync(join(directory, 'stray/_data/precious'), 'kept');
  mkdirSync(join(directory, '-odd'));
  const found = ['VOLUME_HALF_REMOVED', 'VOLUME_MISSING', 'VOLUME_WITHOUT_ROW', 'VOLUME_WITHOUT_ROW'];
  expect((await check(false)).sort()).toEqual(found);
  expect((await check(true)).sort()).toEqual([
    'VOLUME_HALF_REMOVED repaired',
    'VOLUME_MISSING repaired',
    'VOLUME_WITHOUT_ROW',
    'VOLUME_WITHOUT_ROW repaired',
  ]);
  expect(await names()).toEqual(['empty', 'stray', 'used']);
  expect(readFileSync(join(directory, 'stray/_data/precious'), 'utf8')).toBe('kept');
  // What is no volume of anybody's is a person's to judge.
  expect(await check(true)).toEqual(['VOLUME_WITHOUT_ROW']);
  rmSync(join(directory, '-odd'), { recursive: true });
  expect(await fixture.api.list({ all: true, volumes: ['used'] })).toMatchObject([{ id, mounts: ['used'] }]);
  expect(await fixture.api.list({ all: true, volumes: ['/d'] })).toMatchObject([{ id }]);
  expect(await fixture.api.list({ all: true, volumes: ['stray'] })).toEqual([]);
  expect(await fixture.api.list({ all: true, networks: ['none'] })).toMatchObject([{ id }]);
});
