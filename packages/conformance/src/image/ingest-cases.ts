import assert from 'node:assert/strict';
import { isBlobInfo } from '@strata/core';
import { expectError } from '../runner/expect-error.ts';
import type { ImageCase } from './image-context.ts';

export const ingestCases: readonly ImageCase[] = [
  {
    name: 'containerd/content/WrongDigestIsDropped',
    async run(context) {
      const bytes = context.bytes(1000);
      const target = context.descriptor(bytes);
      const writer = await context.writer(target);
      await writer.write(Buffer.concat([bytes.subarray(1), bytes.subarray(0, 1)]));
      await expectError('data-loss', 'commit of other bytes', () => writer.commit());
      assert.equal(await context.store.stat(target.digest), undefined);
      const again = await context.writer(target);
      assert.equal(again.offset, 0, 'bad bytes are not resumed');
      await again.write(bytes);
      await again.commit();
    },
  },
  {
    name: 'containerd/content/WrongSizeIsDropped',
    async run(context) {
      const bytes = context.bytes(1000);
      const target = context.descriptor(bytes);
      const short = await context.writer(target);
      await short.write(bytes.subarray(1));
      await expectError('data-loss', 'commit of too few bytes', () => short.commit());
      const long = await context.writer(target);
      await expectError('data-loss', 'a byte too many', async () => {
        await long.write(bytes);
        await long.write(Buffer.from([1]));
      });
      assert.equal(await context.store.stat(target.digest), undefined);
      await long.close();
      await long.abort();
    },
  },
  {
    name: 'strata/MaxBytesBoundsWhatHasNoSize',
    async run(context) {
      const writer = await context.store.ingest({ maxBytes: 10 });
      assert.ok(!isBlobInfo(writer));
      await expectError('data-loss', '11 bytes with maxBytes 10', () => writer.write(context.bytes(11)));
      await writer.abort();
    },
  },
  {
    name: 'containerd/content/ResumeWhereItStopped',
    async run(context) {
      const bytes = context.bytes(3_000_000);
      const target = context.descriptor(bytes);
      const first = await context.writer(target);
      await first.write(bytes.subarray(0, 1_500_000));
      await first.close();
      await first.close();
      const [left] = await context.store.ingests();
      assert.equal(left?.digest, target.digest);
      assert.equal(left?.active, false, 'nobody holds it');
      const second = await context.writer(target, await context.another());
      assert.ok(
        second.offset > 0 && second.offset <= 1_500_000,
        `resumes inside what was written: ${second.offset}`,
      );
      await second.write(bytes.subarray(second.offset));
      context.assertBlob(await second.commit(), target);
      assert.ok((await context.store.read(target.digest, bytes.length)).equals(bytes));
      assert.deepEqual(await context.store.ingests(), [], 'a finished ingest is gone');
    },
  },
  {
    name: 'strata/RestartBeginsAtZero',
    async run(context) {
      const bytes = context.bytes(2_000_000);
      const writer = await context.writer(context.descriptor(bytes));
      await writer.write(context.bytes(1_999_999));
      await writer.restart();
      assert.equal(writer.offset, 0);
      await writer.write(bytes);
      context.assertBlob(await writer.commit(), context.descriptor(bytes));
    },
  },
  {
    name: 'strata/AbortDropsTheBytes',
    async run(context) {
      const target = context.descriptor(context.bytes(1000));
      const first = await context.writer(target);
      await first.write(context.bytes(500));
      await first.abort();
      await first.abort();
      const second = await context.writer(target);
      assert.equal(second.offset, 0);
      await second.abort();
      assert.deepEqual(await context.store.ingests(), []);
    },
  },
  {
    name: 'strata/TenPullsWriteABlobOnce',
    async run(context) {
      const bytes = context.bytes(1000);
      const target = context.descriptor(bytes);
      const first = await context.writer(target);
      const stores = await Promise.all(Array.from({ length: 10 }, () => context.another()));
      const waiting = Promise.all(
        stores.map((store) => store.ingest({ digest: target.digest, size: target.size })),
      );
      await first.write(bytes);
      await first.commit();
      for (const result of await waiting) {
        assert.ok(isBlobInfo(result), 'who waited gets the blob and no writer');
        context.assertBlob(result, target);
      }
    },
  },
  {
    name: 'strata/NextWriterTakesOverWhenOneGivesUp',
    async run(context) {
      const target = context.descriptor(context.bytes(1000));
      const first = await context.writer(target);
      const waiting = context.writer(target, await context.another());
      await first.abort();
      await (await waiting).abort();
    },
  },
  {
    name: 'strata/WaitingCanBeCancelled',
    async run(context) {
      const { digest, size } = context.descriptor(context.bytes(1000));
      const first = await context.writer({ digest, size });
      const { signal, abort } = cancellable();
      const waiting = context.store.ingest({ digest, size, signal });
      abort();
      await expectError('aborted', 'a cancelled wait', () => waiting);
      await first.abort();
    },
  },
  {
    name: 'strata/DeletingOtherBlobsWhileWriting',
    async run(context) {
      const [keep, drop] = [await context.put(), await context.put()];
      const bytes = context.bytes(100_000);
      const target = context.descriptor(bytes);
      const writer = await context.writer(target);
      await writer.write(bytes.subarray(0, 50_000));
      const collector = await context.another();
      await collector.deleteBlob(drop.digest);
      await collector.pruneIngests(new Date(Date.now() + 3_600_000));
      await writer.write(bytes.subarray(50_000));
      context.assertBlob(await writer.commit(), target);
      assert.deepEqual(await context.digests(), [keep.digest, target.digest].sort());
    },
  },
  {
    name: 'strata/PruneSparesTheActiveAndTheFresh',
    async run(context) {
      const idle = await context.writer(context.descriptor(context.bytes(100)));
      const busy = await context.writer(context.descriptor(context.bytes(100)));
      await idle.write(context.bytes(50));
      await idle.close();
      assert.equal(await context.store.pruneIngests(new Date(0)), 0, 'nothing is that old');
      assert.equal(await context.store.pruneIngests(new Date(Date.now() + 3_600_000)), 50, 'bytes freed');
      assert.deepEqual(
        (await context.store.ingests()).map(({ active }) => active),
        [true],
        'the one being written stays',
      );
      await busy.abort();
    },
  },
];

function cancellable(): { readonly signal: AbortSignal; abort(): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
