import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Fixture, openFixture } from './fixture.ts';

/** One fixture for the tests of a file: opened before the first; after each no container is left in it, nor anything of one. */
export function fixtureOfFile(storage?: string): Fixture {
  let opened: Fixture;
  beforeAll(async () => {
    opened = await openFixture(storage);
  });
  afterEach(async () => {
    for (const { id } of await opened.api.list({ all: true })) await opened.api.remove(id, { force: true });
    await expect.poll(() => opened.leaks()).toEqual([]);
  });
  afterAll(() => opened[Symbol.asyncDispose]());
  return new Proxy({} as Fixture, { get: (_, member) => Reflect.get(opened, member) });
}
