import { randomBytes } from 'node:crypto';
import type { ImageStore } from '@strata/core';
import { mediaTypes, pullBlob, type RegistryClient } from '@strata/oci';
import { type Fault, type FaultyRegistry, startFaultyRegistry } from '@strata/test-fixtures';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blobDescriptor, codeOf, openStore, referenceOn, scratch, testClient } from './support.ts';

const size = 3 * 1024 * 1024 + 17;
const bytes = randomBytes(size);
const descriptor = blobDescriptor(bytes);
/** `highWaterMark` of a response, and one read of its socket. */
const UNREAD = (1 << 20) + (64 << 10);
const GET = /^GET .*\/blobs\//;

let directory: ReturnType<typeof scratch>;
let registry: FaultyRegistry;
let store: ImageStore;
let client: RegistryClient;

beforeEach(async () => {
  directory = scratch();
  registry = await startFaultyRegistry();
  registry.addBlob(bytes);
  store = await openStore(directory.path);
  client = testClient(directory.path, { timeouts: { idle: 150, headers: 300 } });
});
afterEach(async () => {
  await client.close();
  await store.close();
  await registry.stop();
  directory.remove();
});

const pull = (signal?: AbortSignal, target = descriptor) =>
  pullBlob(
    { client, reference: referenceOn(registry.address), store },
    target,
    signal === undefined ? {} : { signal },
  );
const ranges = () =>
  registry.requests
    .filter(({ url, method }) => GET.test(`${method} ${url}`))
    .map(({ headers }) => headers.range);
const held = async () => (await store.read(descriptor.digest, size)).equals(bytes);

describe('a broken transfer goes on where it stopped', () => {
  const positions = [0, Math.floor(size / 100), Math.floor(size / 2), Math.floor(size * 0.99)];
  const kinds: Fault['kind'][] = ['reset', 'cut', 'stall'];
  test.each(kinds.flatMap((kind) => positions.map((at): [Fault['kind'], number] => [kind, at])))(
    '%s after %i bytes',
    async (kind, at) => {
      registry.fail(GET, { kind, at } as Fault);
      await pull();
      expect(await held()).toBe(true);
      const [first, second] = ranges();
      expect(first).toBeUndefined();
      const resumed = Number(/^bytes=(\d+)-$/.exec(second ?? 'bytes=0-')?.[1]);
      expect(resumed).toBeLessThanOrEqual(at);
      // A reset may overtake bytes on their way. Of what arrived a stream that breaks loses only what nobody has read yet.
      if (kind !== 'reset') expect(at - resumed).toBeLessThanOrEqual(UNREAD);
      if (resumed === 0) expect(second).toBeUndefined();
      expect(ranges()).toHaveLength(2);
    },
  );

  test('many breaks, as long as each brings at least a MiB', async () => {
    let n = 0;
    registry.script(({ url }) =>
      /blobs/.test(url) && ++n <= 2 ? { kind: 'cut', at: 1024 * 1024 + 1 } : undefined,
    );
    client = testClient(directory.path, { retry: { attempts: 2 } });
    await pull();
    expect(await held()).toBe(true);
  });

  test('no progress ends it after five attempts, and the bytes stay for the next process', async () => {
    registry.fail(GET, { kind: 'cut', at: 1000 }, 1);
    registry.fail(GET, { kind: 'cut', at: 0 }, 4);
    expect(await codeOf(pull())).toBe('BLOB_TRANSFER');
    expect(ranges()).toHaveLength(5);
    expect(await store.stat(descriptor.digest)).toBeUndefined();
    expect(await store.ingests()).toMatchObject([{ digest: descriptor.digest, offset: 1000, active: false }]);
    const later = await openStore(directory.path);
    await pullBlob({ client, reference: referenceOn(registry.address), store: later }, descriptor);
    await later.close();
    expect(ranges().at(-1)).toBe('bytes=1000-');
    expect(await held()).toBe(true);
  });

  test('a trickle is cut off', async () => {
    client = testClient(directory.path, { timeouts: { rateWindow: 100 }, retry: { minimumRate: 100_000 } });
    registry.fail(GET, { kind: 'trickle', bytes: 10, everyMs: 5 });
    await pull();
    expect(await held()).toBe(true);
  });
});

describe('ranges that cannot be trusted', () => {
  const interrupted: Fault = { kind: 'cut', at: 1000 };

  test('200 to a range starts again', async () => {
    registry.fail(GET, interrupted);
    registry.fail(GET, { kind: 'ignore-range' });
    await pull();
    expect(await held()).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=1000-']);
  });

  test.each([
    `bytes 999-${size - 1}/${size}`,
    `bytes 1000-${size}/${size}`,
    `bytes 1000-${size - 1}/${size + 1}`,
    'items 1-2/3',
    '',
  ])('Content-Range %s is not believed', async (value) => {
    registry.fail(GET, interrupted);
    registry.fail(GET, { kind: 'content-range', value });
    await pull();
    expect(await held()).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=1000-', undefined]);
  });

  test('416 starts again', async () => {
    registry.fail(GET, interrupted);
    registry.fail(GET, { kind: 'status', status: 416 });
    await pull();
    expect(await held()).toBe(true);
  });
});

describe('statuses', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])('%i is tried again', async (status) => {
    registry.fail(GET, { kind: 'status', status }, 2);
    await pull();
    expect(await held()).toBe(true);
    expect(ranges()).toHaveLength(3);
  });

  test.each([
    [400, 'REGISTRY_REFUSED'],
    [403, 'REGISTRY_DENIED'],
    [404, 'BLOB_NOT_FOUND'],
    [410, 'REGISTRY_REFUSED'],
    [451, 'REGISTRY_REFUSED'],
  ])('%i is final', async (status, code) => {
    registry.fail(GET, { kind: 'status', status }, 9);
    expect(await codeOf(pull())).toBe(code);
    expect(ranges()).toHaveLength(1);
    expect(await store.ingests()).toEqual([]);
  });

  test('5xx for ever ends after five attempts', async () => {
    registry.fail(
      GET,
      { kind: 'status', status: 503, body: '{"errors":[{"message":"on \\u001b[31mfire"}]}' },
      99,
    );
    await expect(pull()).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      message: expect.stringContaining('on  [31mfire'),
    });
    expect(ranges()).toHaveLength(5);
  });

  test('Retry-After is obeyed, in seconds and as a date', async () => {
    registry.fail(GET, { kind: 'status', status: 429, headers: { 'retry-after': '1' } });
    await pull();
    const [first, second] = registry.requests.filter(({ url }) => /blobs/.test(url));
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(990);
    await store.deleteBlob(descriptor.digest);
    const date = new Date(Date.now() + 2000).toUTCString();
    registry.fail(GET, { kind: 'status', status: 503, headers: { 'retry-after': date } });
    await pull();
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(date) - 20);
  });

  test('nobody waits a day', async () => {
    registry.fail(GET, { kind: 'status', status: 429, headers: { 'retry-after': '99999' } }, 9);
    await expect(pull()).rejects.toMatchObject({
      code: 'REGISTRY_RATE_LIMITED',
      hint: expect.stringContaining('99999 seconds'),
    });
    expect(ranges()).toHaveLength(1);
  });
});

describe('bytes that are not what was promised', () => {
  test.each<[string, string, Fault]>([
    [
      'first byte wrong',
      'BLOB_DIGEST_MISMATCH',
      { kind: 'body', bytes: Buffer.concat([Buffer.from([bytes[0]! ^ 1]), bytes.subarray(1)]) },
    ],
    [
      'last byte wrong',
      'BLOB_DIGEST_MISMATCH',
      { kind: 'body', bytes: Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]) },
    ],
    ['too long', 'BLOB_SIZE_MISMATCH', { kind: 'body', bytes: Buffer.concat([bytes, Buffer.from([0])]) }],
    ['compressed on the way', 'BLOB_DIGEST_MISMATCH', { kind: 'body', bytes: Buffer.alloc(size) }],
  ])('%s', async (_, code, fault) => {
    registry.fail(GET, fault, 99);
    expect(await codeOf(pull())).toBe(code);
    expect(await store.stat(descriptor.digest)).toBeUndefined();
    expect(await store.ingests()).toEqual([]);
    expect(ranges()).toHaveLength(1);
  });

  test('too short is asked for again and then given up', async () => {
    registry.fail(GET, { kind: 'body', bytes: bytes.subarray(0, -1) }, 99);
    expect(await codeOf(pull())).toBe('BLOB_TRANSFER');
    expect(ranges().length).toBeLessThanOrEqual(6);
  });

  test('a Content-Length that lies low or high', async () => {
    registry.fail(GET, { kind: 'length', delta: 5 });
    expect(await codeOf(pull())).toBe('BLOB_SIZE_MISMATCH');
    registry.fail(GET, { kind: 'header', name: 'content-encoding', value: 'gzip' });
    await pull();
    expect(await held()).toBe(true);
  });
});

test('cancelling is quick and leaves the bytes', async () => {
  registry.fail(GET, { kind: 'stall', at: 5000 }, 9);
  const controller = new AbortController();
  client = testClient(directory.path, { timeouts: { idle: 60_000 } });
  const running = codeOf(pull(controller.signal));
  await expect.poll(async () => (await store.ingests()).length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  controller.abort();
  expect(await running).toBe('CANCELLED');
  expect(await store.ingests()).toMatchObject([{ offset: 5000, active: false }]);
});

test('a foreign layer comes from its URL when the registry lacks it, without credentials', async () => {
  const foreign = {
    ...descriptor,
    mediaType: mediaTypes.dockerForeignLayer,
    urls: ['file:///etc/passwd', `${registry.url}/plain/${descriptor.digest}`],
  };
  registry.fail(GET, { kind: 'status', status: 404 }, 1);
  await pull(undefined, foreign);
  const last = registry.requests.at(-1)!;
  expect(last.url).toBe(`/plain/${descriptor.digest}`);
  expect(last.headers.authorization).toBeUndefined();
});

test('asks for bytes as they are', async () => {
  await pull();
  expect(registry.requests.at(-1)!.headers['accept-encoding']).toBe('identity');
});
