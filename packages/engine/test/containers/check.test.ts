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
