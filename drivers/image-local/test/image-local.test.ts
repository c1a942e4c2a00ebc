import { createHash, randomBytes } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { BlobWriter, Descriptor, ImageStore } from '@strata/core';
import { isBlobInfo } from '@strata/core';
import { createHost } from '@strata/host';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import definition from '../src/index.ts';

let root: string;
let store: ImageStore;

async function open(): Promise<ImageStore> {
  const host = createHost();
  return await definition.create({
    root,
    runDirectory: root,
    host,
    log: host.log,
    options: {},
    signal: new AbortController().signal,
  });
}
beforeEach(async () => {
  root = mkdtempSync('/dev/shm/strata-image-local-');
  store = await open();
});
afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

function descriptorOf(bytes: Buffer, algorithm: 'sha256' | 'sha512' = 'sha256'): Descriptor {
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Descriptor['digest'];
  return { mediaType: 'application/octet-stream', digest, size: bytes.length };
}
async function writer(target: Partial<Descriptor>, from: ImageStore = store): Promise<BlobWriter> {
  const result = await from.ingest(target);
  if (isBlobInfo(result)) throw new Error('already there');
  return result;
}
async function put(bytes: Buffer): Promise<Descriptor> {
  const target = descriptorOf(bytes);
  const w = await writer(target);
  await w.write(bytes);
  await w.commit();
  return target;
}
async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'no error',
    (error: { code?: string }) => String(error.code),
  );
}
const data = () => readdirSync(join(root, 'ingest')).filter((name) => !name.endsWith('.lock'));

describe('blobs', () => {
  test.each([0, 1, 100, 1 << 20, (1 << 20) + 1, 5_000_000])(
    '%i bytes, in pieces of any size, come back',
    async (size) => {
      const bytes = randomBytes(size);
      const target = descriptorOf(bytes);
      const w = await writer(target);
      expect(await store.stat(target.digest)).toBeUndefined();
      const piece = Buffer.alloc(77_777);
      for (let at = 0; at < size; at += piece.length) {
        const length = bytes.copy(piece, 0, at, at + piece.length);
        await w.write(piece.subarray(0, length));
        piece.fill(0);
      }
      expect(w.offset).toBe(size);
      expect(await w.commit()).toMatchObject({ digest: target.digest, size });
      expect(await store.stat(target.digest)).toMatchObject({ digest: target.digest, size });
      expect((await store.read(target.digest, size)).equals(bytes)).toBe(true);
      const path = await store.path(target.digest);
      expect(path).toBe(join(root, 'blobs', 'sha256', target.digest.slice(7)));
      expect(statSync(path).mode & 0o777).toBe(0o400);
      expect(readdirSync(join(root, 'ingest'))).toEqual([]);
    },
  );

  test('sha512, and digests found out at the end', async () => {
    const bytes = randomBytes(1000);
    const strong = descriptorOf(bytes, 'sha512');
    const first = await writer(strong);
    await first.write(bytes);
    await first.commit();
    expect((await store.read(strong.digest, 1000)).equals(bytes)).toBe(true);
    const unnamed = await writer({ size: 1000 });
    await unnamed.write(bytes);
    expect((await unnamed.commit()).digest).toBe(descriptorOf(bytes).digest);
    expect(readdirSync(join(root, 'ingest'))).toEqual([]);
  });

  test('wrong bytes are dropped', async () => {
    const bytes = randomBytes(1000);
    const target = descriptorOf(bytes);
    const bad = await writer(target);
    await bad.write(Buffer.concat([bytes.subarray(1), bytes.subarray(0, 1)]));
    expect(await codeOf(bad.commit())).toBe('BLOB_DIGEST_MISMATCH');
    const short = await writer(target);
    expect(short.offset).toBe(0);
    await short.write(bytes.subarray(1));
    expect(await codeOf(short.commit())).toBe('BLOB_SIZE_MISMATCH');
    const long = await writer(target);
    await long.write(bytes);
    expect(await codeOf(long.write(Buffer.from([1])))).toBe('BLOB_SIZE_MISMATCH');
    const endless = await store.ingest({ maxBytes: 10 });
    expect(await codeOf((endless as BlobWriter).write(bytes))).toBe('BLOB_SIZE_MISMATCH');
    expect(await store.stat(target.digest)).toBeUndefined();
    expect(data()).toEqual([]);
    expect(await codeOf(long.write(bytes))).toBe('BLOB_WRITER_CLOSED');
    await long.abort();
    await long.close();
  });

  test('a digest that is none never becomes a path', async () => {
    for (const digest of ['sha256:../../x', 'md5:aa', `sha256:${'A'.repeat(64)}`]) {
      expect(await codeOf(store.ingest({ digest: digest as Descriptor['digest'] }))).toBe('DIGEST_INVALID');
    }
  });

  test('deleting is idempotent, reading what is gone says so', async () => {
    const { digest } = await put(randomBytes(10));
    await store.deleteBlob(digest);
    await store.deleteBlob(digest);
    expect(await codeOf(store.path(digest))).toBe('BLOB_NOT_FOUND');
    expect(await codeOf(store.read(digest, 10))).toBe('BLOB_NOT_FOUND');
  });

  test('reading verifies and is bounded', async () => {
    const { digest } = await put(randomBytes(10));
    expect(await codeOf(store.read(digest, 9))).toBe('BLOB_TOO_LARGE');
    const path = await store.path(digest);
    rmSync(path);
    writeFileSync(path, randomBytes(10));
    expect(await codeOf(store.read(digest, 10))).toBe('BLOB_DIGEST_MISMATCH');
  });

  test('all are listed', async () => {
    const digests = new Set<string>();
    for (let n = 0; n < 12; n++) digests.add((await put(randomBytes(8))).digest);
    const listed = new Set<string>();
    for await (const { digest } of store.blobs()) listed.add(digest);
    expect(listed).toEqual(digests);
  });
});

describe('ingests', () => {
  test('a later process goes on where one stopped', async () => {
    const bytes = randomBytes(3_000_000);
    const target = descriptorOf(bytes);
    const first = await writer(target);
    await first.write(bytes.subarray(0, 1_500_000));
    expect(await store.ingests()).toMatchObject([{ digest: target.digest, active: true }]);
    await first.close();
    await first.close();
    expect(await store.ingests()).toMatchObject([
      { digest: target.digest, offset: 1_500_000, active: false },
    ]);
    const other = await open();
    const second = await writer(target, other);
    expect(second.offset).toBe(1_500_000);
    await second.write(bytes.subarray(1_500_000));
    await second.commit();
    await other.close();
    expect((await store.read(target.digest, bytes.length)).equals(bytes)).toBe(true);
  });

  test('restart begins at 0', async () => {
    const bytes = randomBytes(2_000_000);
    const w = await writer(descriptorOf(bytes));
    await w.write(randomBytes(1_999_999));
    await w.restart();
    expect(w.offset).toBe(0);
    await w.write(bytes);
    await w.commit();
    expect((await store.read(descriptorOf(bytes).digest, bytes.length)).equals(bytes)).toBe(true);
  });

  test('a partial that was damaged meanwhile fails once and then starts clean', async () => {
    const bytes = randomBytes(2_000_000);
    const target = descriptorOf(bytes);
    const first = await writer(target);
    await first.write(bytes.subarray(0, 1000));
    await first.close();
    writeFileSync(join(root, 'ingest', data()[0]!), randomBytes(1000));
    const second = await writer(target);
    await second.write(bytes.subarray(second.offset));
    expect(await codeOf(second.commit())).toBe('BLOB_DIGEST_MISMATCH');
    const third = await writer(target);
    expect(third.offset).toBe(0);
    await third.abort();
  });

  test('a second writer waits, and gets the blob the first one made', async () => {
    const bytes = randomBytes(1000);
    const target = descriptorOf(bytes);
    const first = await writer(target);
    const other = await open();
    const waiting = Promise.all([store.ingest(target), other.ingest(target)]);
    await first.write(bytes);
    await first.commit();
    for (const result of await waiting) expect(isBlobInfo(result)).toBe(true);
    await other.close();
  });

  test('a second writer takes over when the first gives up', async () => {
    const target = descriptorOf(randomBytes(1000));
    const first = await writer(target);
    const waiting = writer(target);
    await first.abort();
    const second = await waiting;
    expect(second.offset).toBe(0);
    await second.abort();
  });

  test('waiting can be cancelled', async () => {
    const target = descriptorOf(randomBytes(1000));
    const first = await writer(target);
    const controller = new AbortController();
    const waiting = store.ingest({ ...target, signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ kind: 'aborted' });
    await first.abort();
  });

  test('pruning spares what somebody writes or touched lately', async () => {
    const [idle, busy] = [
      await writer(descriptorOf(randomBytes(100))),
      await writer(descriptorOf(randomBytes(100))),
    ];
    await idle.write(randomBytes(50));
    await idle.close();
    expect(await store.pruneIngests(new Date(0))).toBe(0);
    expect(await store.pruneIngests(new Date(Date.now() + 60_000))).toBe(50);
    expect(await store.ingests()).toMatchObject([{ active: true }]);
    await busy.abort();
  });
});

describe('damage', () => {
  test('a blob whose file vanished or shrank is not there', async () => {
    const [a, b] = [await put(randomBytes(10)), await put(randomBytes(10))];
    unlinkSync(await store.path(a.digest));
    truncateSync(await store.path(b.digest), 5);
    for (const { digest } of [a, b]) expect(await store.stat(digest)).toBeUndefined();
  });

  test('a blob that lost its row is adopted if it is right, replaced if not', async () => {
    const [good, bad] = [randomBytes(10), randomBytes(10)];
    writeFileSync(join(root, 'blobs/sha256', descriptorOf(good).digest.slice(7)), good);
    writeFileSync(join(root, 'blobs/sha256', descriptorOf(bad).digest.slice(7)), 'damaged!!!');
    expect(isBlobInfo(await store.ingest(descriptorOf(good)))).toBe(true);
    const w = await writer(descriptorOf(bad));
    await w.write(bad);
    await w.commit();
    expect(readFileSync(await store.path(descriptorOf(bad).digest)).equals(bad)).toBe(true);
  });
});

describe('references', () => {
  test('point at manifests that are here, move, and go', async () => {
    const [a, b] = [await put(randomBytes(10)), await put(randomBytes(10))];
    expect(await store.setReference('r/x:1', a)).toBeUndefined();
    const before = await store.setReference('r/x:1', b);
    expect(before).toMatchObject({ name: 'r/x:1', target: a });
    expect(await store.reference('r/x:1')).toMatchObject({ target: b });
    expect((await store.reference('r/x:1'))!.created).toEqual(before!.created);
    expect(await codeOf(store.setReference('r/y:1', descriptorOf(Buffer.from('gone'))))).toBe(
      'BLOB_NOT_FOUND',
    );
    expect(await store.deleteReference('r/x:1')).toBe(true);
    expect(await store.deleteReference('r/x:1')).toBe(false);
    expect(await store.reference('r/x:1')).toBeUndefined();
    expect(await store.stat(b.digest)).toBeDefined();
  });

  test('are listed by name from the index alone', async () => {
    const target = await put(randomBytes(10));
    for (const name of ['c', 'a', 'b']) await store.setReference(name, target);
    rmSync(join(root, 'blobs'), { recursive: true });
    expect((await store.references()).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });
});

test('the definition is a value that probes its directory', async () => {
  const context = {
    root,
    runDirectory: root,
    host: createHost(),
    log: createHost().log,
    options: {},
    signal: new AbortController().signal,
  };
  expect(await definition.probe(context)).toEqual({ supported: true });
  expect(await definition.probe({ ...context, root: '/proc/nowhere' })).toMatchObject({
    supported: false,
    hint: expect.any(String),
  });
});

test('two thousand references are one query', async () => {
  const target = await put(randomBytes(10));
  for (let n = 0; n < 2000; n++) await store.setReference(`docker.io/library/image:${n}`, target);
  const listed = await store.references();
  expect(listed).toHaveLength(2000);
  expect(listed[0]).toMatchObject({ name: 'docker.io/library/image:0', target });
});
