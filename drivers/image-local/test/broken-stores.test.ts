/** The store with one fault each, and the case of the suite whose name says that fault. */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { imageStoreCases, openImageContext, runCases } from '@strata/conformance';
import { type BlobWriter, type ImageStore, isBlobInfo, isStrataError } from '@strata/core';
import { createHost } from '@strata/host';
import { afterAll, expect, test } from 'vitest';
import local from '../src/index.ts';

type Changes<T> = (good: T) => Partial<T>;

/** An object with some methods replaced; private fields of the others go on working. */
function changed<T extends object>(good: T, changes: Changes<T>): T {
  const methods = changes(good);
  return new Proxy(good, {
    get(target, name) {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const withWriter =
  (changes: Changes<BlobWriter>): Changes<ImageStore> =>
  (good) => ({
    async ingest(request) {
      const result = await good.ingest(request);
      return isBlobInfo(result) ? result : changed(result, changes);
    },
  });

const faults: readonly (readonly [fault: string, caughtBy: string, changes: Changes<ImageStore>])[] = [
  [
    'takes any bytes for a digest',
    'containerd/content/WrongDigestIsDropped',
    (good) => ({ ingest: ({ digest: _, ...request }) => good.ingest(request) }),
  ],
  [
    'takes any number of bytes',
    'containerd/content/WrongSizeIsDropped',
    (good) => ({ ingest: ({ size: _, ...request }) => good.ingest(request) }),
  ],
  [
    'shows blobs that are being written',
    'strata/BlobIsInvisibleBeforeCommit',
    (good) => ({
      async stat(digest) {
        const writing = (await good.ingests()).find((ingest) => ingest.digest === digest);
        return writing ? { digest, size: writing.offset, created: new Date() } : good.stat(digest);
      },
    }),
  ],
  [
    'writes a chunk after its owner has used the memory again',
    'containerd/content/BlobsOfAnySizeComeBack',
    withWriter((good) => {
      let last: Uint8Array | undefined;
      const flush = async () => {
        if (last) await good.write(last);
        last = undefined;
      };
      return {
        async write(chunk) {
          await flush();
          last = chunk;
        },
        async commit() {
          await flush();
          return good.commit();
        },
      };
    }),
  ],
  [
    'forgets what was written when let go',
    'containerd/content/ResumeWhereItStopped',
    withWriter((good) => ({ close: () => good.abort() })),
  ],
  [
    'keeps what was aborted',
    'strata/AbortDropsTheBytes',
    withWriter((good) => ({ abort: () => good.close() })),
  ],
  ['does not restart', 'strata/RestartBeginsAtZero', withWriter(() => ({ restart: async () => {} }))],
  [
    'never stops waiting',
    'strata/WaitingCanBeCancelled',
    (good) => ({ ingest: ({ signal: _, ...request }) => good.ingest(request) }),
  ],
  [
    'reads blobs of any size into memory',
    'strata/ReadIsBounded',
    (good) => ({ read: (digest) => good.read(digest, 1e9) }),
  ],
  ['deletes nothing', 'strata/DeleteIsIdempotent', () => ({ deleteBlob: async () => {} })],
  [
    'never says what pruning freed',
    'strata/PruneSparesTheActiveAndTheFresh',
    () => ({ pruneIngests: async () => 0 }),
  ],
  [
    'lets names point at nothing',
    'strata/ReferenceNeedsItsTarget',
    (good) => ({
      setReference: (name, target) =>
        good.setReference(name, target).catch((error: unknown) => {
          if (isStrataError(error, 'not-found')) return undefined;
          throw error;
        }),
    }),
  ],
  [
    'keeps half of a descriptor',
    'strata/DescriptorsKeepAllTheySay',
    (good) => ({
      setReference: (name, { mediaType, digest, size }) =>
        good.setReference(name, { mediaType, digest, size }),
    }),
  ],
  [
    'lists names in any order',
    'strata/ReferencesAreListedByName',
    (good) => ({ references: async () => [...(await good.references())].reverse() }),
  ],
];

const host = createHost();
const base = mkdtempSync('/dev/shm/strata-broken-stores-');
// A case that hangs never gives its root back.
afterAll(() => rmSync(base, { recursive: true, force: true }));

test.each(faults)('a store that %s is caught by %s', async (_, caughtBy, changes) => {
  const definition = {
    ...local,
    create: async (context: Parameters<typeof local.create>[0]) =>
      changed(await local.create(context), changes),
  };
  const target = openImageContext({
    definition,
    host,
    async createRoot() {
      const root = await mkdtemp(`${base}/`);
      return { root, dispose: () => rm(root, { recursive: true }) };
    },
  });
  const cases = imageStoreCases.filter(({ name }) => name === caughtBy);
  expect(cases).toHaveLength(1);
  for await (const result of runCases(target, cases, { milliseconds: 3000 }))
    expect(result.outcome).toBe('failed');
});
