import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Digest } from '@strata/core';
import { assertDefinition } from '../driver/driver-target.ts';
import { expectError } from '../runner/expect-error.ts';
import type { ImageCase } from './image-context.ts';

const SIZES = [0, 1, 100, 1 << 20, (1 << 20) + 1, 5_000_000];

export const blobCases: readonly ImageCase[] = [
  {
    name: 'strata/ImageDefinitionIsWellFormed',
    run: ({ target, root }) => assertDefinition(target, 'image', root),
  },
  {
    name: 'containerd/content/BlobsOfAnySizeComeBack',
    async run(context) {
      for (const size of SIZES) {
        const bytes = context.bytes(size);
        const target = context.descriptor(bytes);
        const writer = await context.writer(target);
        assert.equal(writer.offset, 0, 'a new ingest starts at 0');
        for (let at = 0; at < size; at += 77_777) {
          // The writer must have copied or written the chunk when write resolves.
          const chunk = Buffer.from(bytes.subarray(at, at + 77_777));
          await writer.write(chunk);
          chunk.fill(0);
        }
        assert.equal(writer.offset, size, 'offset counts what was written');
        context.assertBlob(await writer.commit(), target);
        context.assertBlob(await context.store.stat(target.digest), target);
        assert.ok((await context.store.read(target.digest, size)).equals(bytes), `${size} bytes come back`);
      }
    },
  },
  {
    name: 'strata/BlobIsInvisibleBeforeCommit',
    async run(context) {
      const bytes = context.bytes(1000);
      const target = context.descriptor(bytes);
      const writer = await context.writer(target);
      await writer.write(bytes);
      assert.equal(await context.store.stat(target.digest), undefined, 'stat');
      await expectError('not-found', 'path of a blob being written', () => context.store.path(target.digest));
      assert.deepEqual(await context.digests(), [], 'blobs');
      await writer.abort();
    },
  },
  {
    name: 'strata/PathIsAFileWithTheBytes',
    async run(context) {
      const bytes = context.bytes(4096);
      const { digest } = await context.put(bytes);
      assert.ok((await readFile(await context.store.path(digest))).equals(bytes));
    },
  },
  {
    name: 'strata/BothDigestAlgorithms',
    async run(context) {
      const bytes = context.bytes(1000);
      for (const algorithm of ['sha256', 'sha512'] as const) {
        const target = context.descriptor(bytes, algorithm);
        const writer = await context.writer(target);
        await writer.write(bytes);
        context.assertBlob(await writer.commit(), target);
      }
    },
  },
  {
    name: 'strata/DigestFoundOutAtTheEnd',
    async run(context) {
      const bytes = context.bytes(1000);
      const writer = await context.writer({});
      await writer.write(bytes);
      context.assertBlob(await writer.commit(), context.descriptor(bytes));
    },
  },
  {
    name: 'strata/BlobsOutliveTheProcess',
    async run(context) {
      const first = await context.put();
      const second = await context.put();
      const other = await context.another();
      context.assertBlob(await other.stat(first.digest), first);
      assert.deepEqual(await context.digests(other), [first.digest, second.digest].sort());
    },
  },
  {
    name: 'strata/IngestOfWhatIsThereIsAHit',
    async run(context) {
      const target = await context.put();
      const result = await (await context.another()).ingest({ digest: target.digest, size: target.size });
      assert.ok('created' in result, 'ingest resolves to the BlobInfo instead of a writer');
      context.assertBlob(result, target);
    },
  },
  {
    name: 'strata/DeleteIsIdempotent',
    async run(context) {
      const { digest } = await context.put();
      await context.store.deleteBlob(digest);
      await context.store.deleteBlob(digest);
      assert.equal(await context.store.stat(digest), undefined);
      await expectError('not-found', 'read of a deleted blob', () => context.store.read(digest, 100));
      await expectError('not-found', 'path of a deleted blob', () => context.store.path(digest));
      assert.deepEqual(await context.digests(), []);
    },
  },
  {
    name: 'strata/ReadIsBounded',
    async run(context) {
      const { digest } = await context.put(context.bytes(10));
      await expectError('invalid-argument', 'read with maxBytes 9', () => context.store.read(digest, 9));
    },
  },
  {
    name: 'strata/DigestNeverBecomesAPath',
    async run(context) {
      for (const digest of ['sha256:../../x', 'md5:aa', `sha256:${'A'.repeat(64)}`, 'sha256:', ''])
        await expectError('invalid-argument', `ingest of ${JSON.stringify(digest)}`, () =>
          context.store.ingest({ digest: digest as Digest, size: 1 }),
        );
    },
  },
];
