/** What the suite of containerd's Snapshotter does not ask of the service. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Code, ConnectError } from '@connectrpc/connect';
import { StrataError } from '@strata/core';
import { afterAll, afterEach, expect, test } from 'vitest';
import {
  type SnapshotInfo,
  type Snapshotter,
  type SnapshotterServer,
  serveSnapshotter,
} from '../src/index.ts';
import { rawClient } from './grpc-snapshotter.ts';
import { host } from './store.ts';

const directory = mkdtempSync('/dev/shm/strata-service-');
const address = `${directory}/x.sock`;
let server: SnapshotterServer | undefined;
afterEach(async () => server?.close());
afterAll(() => rmSync(directory, { recursive: true }));

const unused = () => Promise.reject(new Error('not asked'));

/** Only what a test needs. */
async function served(methods: Partial<Snapshotter>) {
  const snapshotter = {
    ...{ prepare: unused, view: unused, mounts: unused, commit: unused, remove: unused },
    ...{ stat: unused, update: unused, usage: unused },
    async *walk() {},
    ...methods,
  };
  server = await serveSnapshotter({ snapshotter, address, locks: host.locks, log: host.log });
  return rawClient(address);
}

async function failure(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConnectError) return error;
  throw new Error(`no gRPC error: ${String(error)}`);
}

const info = (name: string): SnapshotInfo => {
  const created = new Date('2026-11-22T01:02:03.456Z');
  return { kind: 'committed', name, parent: undefined, labels: {}, created, updated: created };
};

test('a list comes in batches of 100, filtered', async () => {
  const client = await served({
    async *walk() {
      for (let n = 0; n < 250; n++) yield info(`n${n}`);
    },
  });
  const batches: number[] = [];
  for await (const { info: some } of client.list({})) batches.push(some.length);
  expect(batches).toEqual([100, 100, 50]);
  const found: string[] = [];
  for await (const { info: some } of client.list({ filters: ['name~=^n2[0-9]$', 'name==n7'] }))
    found.push(...some.map(({ name }) => name));
  expect(found).toEqual(['n7', ...Array.from({ length: 10 }, (_, n) => `n2${n}`)]);
});

test('a wrong filter and a failing walk end the stream with their codes', async () => {
  const client = await served({
    // biome-ignore lint/correctness/useYield: it fails before
    async *walk() {
      throw new StrataError('unavailable', 'STORE_BUSY', 'The store is busy');
    },
  });
  const all = async (filters: string[]) => {
    for await (const _ of client.list({ filters }));
  };
  expect((await failure(all(['name==']))).code).toBe(Code.InvalidArgument);
  const busy = await failure(all([]));
  expect([busy.code, busy.rawMessage]).toEqual([Code.Unavailable, 'The store is busy']);
});

test('errors keep kind, sentence, hint and code', async () => {
  const client = await served({
    stat: () =>
      Promise.reject(new StrataError('resource-exhausted', 'NO_SPACE', 'No space', { hint: 'Free some' })),
    usage: () => Promise.reject(new TypeError('a bug')),
  });
  const full = await failure(client.stat({ key: 'x' }));
  expect([full.code, full.rawMessage]).toEqual([Code.ResourceExhausted, 'No space (Free some)']);
  expect(full.metadata.get('strata-code')).toBe('NO_SPACE');
  const bug = await failure(client.usage({ key: 'x' }));
  expect([bug.code, bug.rawMessage]).toEqual([Code.Internal, 'a bug']);
});

test('cleanup that a snapshotter does not have is not implemented', async () => {
  const without = await served({});
  expect((await failure(without.cleanup({}))).code).toBe(Code.Unimplemented);
  await server?.close();
  let cleaned = 0;
  const having = await served({
    cleanup: async () => {
      cleaned += 1;
    },
  });
  await having.cleanup({});
  expect(cleaned).toBe(1);
});

test('a label of 4096 bytes passes, one more does not reach the store', async () => {
  const seen: string[] = [];
  const client = await served({
    prepare: async (key) => {
      seen.push(key);
      return [];
    },
  });
  await client.prepare({ key: 'fits', labels: { ab: 'ä'.repeat(2047) } });
  const long = { ab: 'ä'.repeat(2047).concat('x') };
  for (const call of [
    client.prepare({ key: 'long', labels: long }),
    client.view({ key: 'long', labels: long }),
    client.commit({ key: 'long', name: 'x', labels: long }),
    client.update({ info: { name: 'long', labels: long } }),
  ])
    expect((await failure(call)).code).toBe(Code.InvalidArgument);
  expect(seen).toEqual(['fits']);
});

test('a caller that gives up aborts the work', async () => {
  const aborted = Promise.withResolvers<string>();
  const began = Promise.withResolvers<void>();
  const client = await served({
    usage: (_key, signal) =>
      new Promise((_, reject) => {
        began.resolve();
        signal.addEventListener('abort', () => {
          aborted.resolve('aborted');
          reject(signal.reason);
        });
      }),
  });
  const caller = new AbortController();
  const call = failure(client.usage({ key: 'x' }, { signal: caller.signal }));
  await began.promise;
  caller.abort();
  expect((await call).code).toBe(Code.Canceled);
  expect(await aborted.promise).toBe('aborted');
});

test('close lets a call under way finish, and takes no new ones', async () => {
  const go = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  const client = await served({
    remove: async () => {
      began.resolve();
      await go.promise;
    },
  });
  const call = client.remove({ key: 'x' });
  await began.promise;
  let closed = false;
  const closing = server!.close().then(() => {
    closed = true;
  });
  await expect(rawClient(address).remove({ key: 'y' })).rejects.toThrow();
  expect(closed).toBe(false);
  go.resolve();
  await expect(call).resolves.toBeDefined();
  await closing;
});
