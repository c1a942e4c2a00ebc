import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';

let place: Stage;
beforeAll(async () => {
  place = await stage({ busybox: true });
});
afterAll(async () => place?.[Symbol.asyncDispose]());

it('check of one store leaves alone what another runs in the same run directory', async () => {
  const { home } = place;
  await home.ok('run', '-d', '--name', 'neighbour', 'busybox', 'sleep', '600');
  const other = (...args: string[]) => home.ok('--root', join(home.root, '../other'), ...args);
  expect(await other('check', '--repair')).toBe('The store is clean');
  expect(await home.ok('inspect', '-f', '{{.State.Status}}', 'neighbour')).toBe('running');
  expect(await home.ok('exec', 'neighbour', 'echo', 'alive')).toBe('alive');
  await home.ok('rm', '-f', 'neighbour');
});
