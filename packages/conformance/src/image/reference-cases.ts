import assert from 'node:assert/strict';
import { expectError } from '../runner/expect-error.ts';
import type { ImageCase } from './image-context.ts';

export const referenceCases: readonly ImageCase[] = [
  {
    name: 'strata/ReferencesPointMoveAndGo',
    async run(context) {
      const { store } = context;
      const [a, b] = [await context.put(), await context.put()];
      assert.equal(await store.setReference('r.example/x:1', a), undefined, 'it pointed nowhere before');
      const before = await store.setReference('r.example/x:1', b);
      assert.deepEqual(before?.target, a, 'what it pointed at before');
      const now = await store.reference('r.example/x:1');
      assert.deepEqual(now?.target, b);
      assert.deepEqual(now?.created, before?.created, 'moving it keeps its birthday');
      assert.equal(await store.deleteReference('r.example/x:1'), true);
      assert.equal(await store.deleteReference('r.example/x:1'), false);
      assert.equal(await store.reference('r.example/x:1'), undefined);
      context.assertBlob(await store.stat(b.digest), b);
    },
  },
  {
    name: 'strata/ReferenceNeedsItsTarget',
    async run(context) {
      const target = context.descriptor(context.bytes(10));
      await expectError('not-found', 'a reference to a blob that is not here', () =>
        context.store.setReference('r.example/x:1', target),
      );
      assert.equal(await context.store.reference('r.example/x:1'), undefined);
    },
  },
  {
    name: 'strata/DescriptorsKeepAllTheySay',
    async run(context) {
      const plain = await context.put();
      const target = {
        ...plain,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        annotations: { 'org.example': 'ü "quoted"' },
        platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
      };
      await context.store.setReference('r.example/x:1', target);
      assert.deepEqual((await (await context.another()).reference('r.example/x:1'))?.target, target);
    },
  },
  {
    name: 'strata/ReferencesAreListedByName',
    async run(context) {
      const target = await context.put();
      const names = ['r.example/c:1', 'r.example/a:1', `r.example/b@${target.digest}`];
      for (const name of names) await context.store.setReference(name, target);
      const listed = await (await context.another()).references();
      assert.deepEqual(
        listed.map(({ name }) => name),
        [...names].sort(),
      );
    },
  },
  {
    name: 'strata/ReferencesMoveAtomically',
    async run(context) {
      const targets = [await context.put(), await context.put()];
      await context.store.setReference('r.example/x:1', targets[0]!);
      const other = await context.another();
      const moves = Array.from({ length: 50 }, (_, n) =>
        (n % 2 === 0 ? other : context.store).setReference('r.example/x:1', targets[n % 2]!),
      );
      const digests = new Set(targets.map(({ digest }) => digest));
      for (let n = 0; n < 50; n++) {
        const seen = await context.store.reference('r.example/x:1');
        assert.ok(seen !== undefined && digests.has(seen.target.digest), 'a reader sees one or the other');
      }
      await Promise.all(moves);
      assert.equal((await context.store.references()).length, 1);
    },
  },
];
