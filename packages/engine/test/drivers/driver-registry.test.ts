import { type AnyDriverDefinition, type LayerDriver, noOptions, type ProbeResult } from '@strata/core';
import vfs from '@strata/driver-layer-vfs';
import { afterEach, expect, test, vi } from 'vitest';
import { validateDefinitions } from '../../src/drivers/validate-definition.ts';
import { testFilesystem, testServices } from '../store.ts';

const directory = await testFilesystem('tmpfs');
afterEach(() => vi.useRealTimers());

function fake(changes: Partial<AnyDriverDefinition> = {}): AnyDriverDefinition {
  return {
    kind: 'layer',
    id: 'fake',
    apiVersion: 1,
    summary: 'for tests',
    options: noOptions,
    probe: async () => ({ supported: true }),
    create: () => ({}) as LayerDriver,
    ...changes,
  } as AnyDriverDefinition;
}

test.each([
  [{ kind: 'disk' as 'layer' }, 'DRIVER_INVALID', /unknown kind "disk"/],
  [{ id: 'Btrfs' }, 'DRIVER_INVALID', /"Btrfs" is not an id/],
  [{ id: '../etc' }, 'DRIVER_INVALID', /is not an id/],
  [{ apiVersion: 2 }, 'DRIVER_API_VERSION', /version 2 of the contract, this Strata version 1/],
  [{ options: {} as never }, 'DRIVER_INVALID', /no Standard Schema/],
  [{ create: undefined as never }, 'DRIVER_INVALID', /no create function/],
])('refuses a definition with %o', (changes, code, message) => {
  const check = () => validateDefinitions([fake(changes)]);
  expect(check).toThrow(expect.objectContaining({ code, kind: 'invalid-argument' }));
  expect(check).toThrow(message);
});

test('says whom to update when versions differ', () => {
  expect(() => validateDefinitions([fake({ apiVersion: 9 })])).toThrow(
    expect.objectContaining({ hint: 'Update Strata' }),
  );
  expect(() => validateDefinitions([fake({ apiVersion: 0 })])).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('package of driver fake') }),
  );
});

test('refuses two drivers of one kind and id', () => {
  expect(() => validateDefinitions([fake(), fake()])).toThrow(
    expect.objectContaining({ code: 'DRIVER_DUPLICATE' }),
  );
});

test('an unknown id names the known ones and how to add one', async () => {
  await using store = testServices(directory, { drivers: [vfs, fake()] });
  await expect(store.services.layers.select('zfs')).rejects.toMatchObject({
    kind: 'not-found',
    code: 'DRIVER_UNKNOWN',
    hint: expect.stringMatching(/vfs, fake.*strata driver add/),
  });
});

test('a throwing, answerless or hanging probe is a no with its reason', async () => {
  vi.useFakeTimers();
  await using store = testServices(directory, {
    drivers: [
      fake({ id: 'throws', probe: () => Promise.reject(new Error('boom')) }),
      fake({ id: 'empty', probe: async () => undefined as unknown as ProbeResult }),
      fake({ id: 'hangs', probe: () => new Promise(() => undefined) }),
    ],
  });
  const probe = (id: string) => store.services.drivers.probe('layer', id);
  expect(await probe('throws')).toMatchObject({ supported: false, reason: expect.stringContaining('boom') });
  expect(await probe('empty')).toMatchObject({ supported: false });
  const hanging = probe('hangs');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await hanging).toMatchObject({
    supported: false,
    reason: expect.stringContaining('no answer in 10 s'),
  });
});

test('an unsupported driver is refused with its reason and hint, a supported one is made once', async () => {
  let made = 0;
  await using store = testServices(directory, {
    drivers: [
      fake({ id: 'no', probe: async () => ({ supported: false, reason: 'No kernel', hint: 'Get one' }) }),
      fake({
        id: 'yes',
        create: () => {
          made += 1;
          return {} as LayerDriver;
        },
      }),
    ],
  });
  const { drivers } = store.services;
  await expect(drivers.get('layer', 'no')).rejects.toMatchObject({
    code: 'DRIVER_UNSUPPORTED',
    message: 'No kernel',
    hint: 'Get one',
  });
  const [first, second] = await Promise.all([drivers.get('layer', 'yes'), drivers.get('layer', 'yes')]);
  expect(first).toBe(second);
  expect(made).toBe(1);
});

test('a yes is remembered until the next boot, a no is asked again', async () => {
  let probes = 0;
  const counting = (supported: boolean) =>
    fake({
      probe: async () => {
        probes += 1;
        return supported ? { supported } : { supported, reason: 'r', hint: 'h' };
      },
    });
  const first = testServices(directory, { drivers: [counting(true)] });
  const root = `${first.services.paths.root}/..`;
  await first.services.drivers.get('layer', 'fake');
  await first[Symbol.asyncDispose]();
  await using second = testServices(directory, { root, drivers: [counting(true)] });
  await second.services.drivers.get('layer', 'fake');
  expect(probes).toBe(1);
  second.services.settings.set('probe.layer.fake', 'another-boot:1');
  await second[Symbol.asyncDispose]();
  await using third = testServices(directory, { root, drivers: [counting(false)] });
  await expect(third.services.drivers.get('layer', 'fake')).rejects.toMatchObject({
    code: 'DRIVER_UNSUPPORTED',
  });
  expect(probes).toBe(2);
});

test('bad options are told with their path, good ones reach the driver', async () => {
  const options = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) =>
        (value as { level?: unknown }).level === 3
          ? { value: { level: 3 } }
          : { issues: [{ message: 'must be 3', path: [{ key: 'level' }] }] },
    },
  };
  let seen: unknown;
  const driver = fake({
    options,
    create: (context) => {
      seen = context.options;
      return {} as LayerDriver;
    },
  });
  await using bad = testServices(directory, {
    drivers: [driver],
    config: { options: { layer: { fake: { level: 4 } } } },
  });
  await expect(bad.services.drivers.get('layer', 'fake')).rejects.toThrow(
    /layer driver fake: level: must be 3/,
  );
  await using good = testServices(directory, {
    drivers: [driver],
    config: { options: { layer: { fake: { level: 3 } } } },
  });
  await good.services.drivers.get('layer', 'fake');
  expect(seen).toEqual({ level: 3 });
});

test('a create that throws is one sentence naming the driver', async () => {
  await using store = testServices(directory, {
    drivers: [
      fake({
        create: () => {
          throw new TypeError('x is not a function');
        },
      }),
    ],
  });
  await expect(store.services.drivers.get('layer', 'fake')).rejects.toMatchObject({
    code: 'DRIVER_FAILED',
    message: expect.stringContaining('layer driver fake could not start: x is not a function'),
  });
});
