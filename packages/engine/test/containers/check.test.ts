import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkContainers } from '../../src/containers/check-containers.ts';
import { type Fixture, openFixture } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await openFixture('overlay');
});
afterAll(() => fixture[Symbol.asyncDispose]());

it('calls repaired only what it saw mended', async () => {
  const { api, services } = fixture;
  const { id } = await api.create({ image: 'busybox', command: ['true'] });
  const stuck = join(services.paths.container(id), 'stuck');
  execFileSync('touch', [stuck]);
  execFileSync('chattr', ['+i', stuck]);
  try {
    await expect(api.remove(id)).rejects.toThrow();
    expect(await checkContainers(services, { repair: true })).toMatchObject([
      { code: 'CONTAINER_HALF_REMOVED', repaired: false },
    ]);
  } finally {
    execFileSync('chattr', ['-i', stuck]);
  }
  expect(await checkContainers(services, { repair: true })).toMatchObject([{ repaired: true }]);
  expect(await checkContainers(services)).toEqual([]);
  expect(await fixture.leaks()).toEqual([]);
});

it('cleanup takes what a dead process was making, container and layer, and layers of no container', async () => {
  const { api, services } = fixture;
  const dead = '1:1:00000000-0000-0000-0000-000000000000';
  const layers = () =>
    services.database
      .all<{ key: string }>("SELECT key FROM layers WHERE kind = 'active'")
      .map(({ key }) => key);
  const kept = await api.create({ image: 'busybox', command: ['true'], name: 'kept' });
  const { id } = await api.create({ image: 'busybox', command: ['true'], name: 'half' });
  services.database.run(`UPDATE containers SET status = 'creating', lease = ? WHERE id = ?`, dead, id);
  services.database.run(`UPDATE layers SET state = 'creating', lease = ? WHERE key = ?`, dead, id);
  expect(await api.cleanup()).toEqual(['Took down half, which was never finished']);
  expect(layers()).toEqual([kept.id]);
  await (await services.layers.open('overlay')).prepare('pulled');
  services.database.run(`UPDATE layers SET state = 'creating', lease = ? WHERE key = 'pulled'`, dead);
  expect(await api.cleanup()).toEqual(['Removed a layer left unfinished on overlay']);
  expect(layers()).toEqual([kept.id]);
  expect(await api.cleanup()).toEqual([]);
  await api.remove(kept.id);
  expect(await fixture.leaks()).toEqual([]);
});
