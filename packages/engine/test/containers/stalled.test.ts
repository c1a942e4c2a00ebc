import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Fixture, finish, openFixture } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await openFixture('vfs');
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

it('a client that does not read holds up neither the container nor another client', async () => {
  const { containerId } = await fixture.api.run({
    image: 'busybox',
    command: ['sh', '-c', 'read go; yes | head -c 6000000; exit 3'],
    stdin: true,
    detach: true,
  });
  const stalled = await fixture.api.attach(containerId);
  const reading = await fixture.api.attach(containerId);
  await reading.streams?.write(Buffer.from('go\n'));
  const { code, stdout } = await finish(reading);
  expect(code).toBe(3);
  expect(stdout.length).toBe(6_000_000);
  // And nothing was lost to the one who was slow.
  let late = 0;
  for await (const { data } of stalled.streams?.output() ?? []) late += data.length;
  expect(late).toBe(6_000_000);
  await fixture.api.remove(containerId);
  await expect.poll(() => fixture.leaks()).toEqual([]);
});

it('layers that need no mount work as well', async () => {
  const { stdout } = await fixture.run({ command: ['sh', '-c', 'echo x > /file; cat /file'] });
  expect(stdout).toBe('x\n');
  const { id } = await fixture.api.create({ image: 'busybox', command: ['true'] });
  expect(await fixture.api.statPath(id, '/bin/busybox')).toMatchObject({ isDirectory: false });
  await fixture.api.remove(id);
  await expect.poll(() => fixture.leaks()).toEqual([]);
});
