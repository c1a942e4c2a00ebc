import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Exec, ImageStore } from '@strata/core';
import {
  digestOf,
  hostPlatform,
  mediaTypes,
  parseReference,
  pullBlob,
  type RegistryClient,
  resolveImage,
} from '@strata/oci';
import {
  type FaultyRegistry,
  startFaultyRegistry,
  startRegistry,
  type TestRegistry,
} from '@strata/test-fixtures';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, openStore, referenceOn, scratch, testClient } from './support.ts';

let directory: ReturnType<typeof scratch>;
const clients: RegistryClient[] = [];
const registries: FaultyRegistry[] = [];

beforeEach(() => {
  directory = scratch();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const registry of registries.splice(0)) await registry.stop();
  directory.remove();
});

function connect(
  ...args: Parameters<typeof testClient> extends [string, ...infer Rest] ? Rest : never
): RegistryClient {
  const client = testClient(directory.path, ...args);
  clients.push(client);
  return client;
}
async function faulty(...args: Parameters<typeof startFaultyRegistry>): Promise<FaultyRegistry> {
  const registry = await startFaultyRegistry(...args);
  registries.push(registry);
  return registry;
}

const config = Buffer.from(
  JSON.stringify({
    os: 'linux',
    architecture: hostPlatform().architecture,
    rootfs: { type: 'layers', diff_ids: [digestOf('l')] },
  }),
);
const layer = Buffer.from('l');
const manifestBytes = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf(layer), size: 1 }],
  }),
);
function serveImage(registry: FaultyRegistry): void {
  registry.addBlob(config);
  registry.addBlob(layer);
  registry.addManifest('1', manifestBytes, mediaTypes.ociManifest);
}
function login(registry: string, entry: object, file = '.docker/config.json'): void {
  const path = join(directory.path, file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, JSON.stringify({ auths: { [registry]: entry } }));
}
const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });

describe('manifests', () => {
  test('the digest counts, not what the registry says about it', async () => {
    const registry = await faulty();
    serveImage(registry);
    const pinned = parseReference(`${registry.address}/a/b@${digestOf(manifestBytes)}`);
    registry.script(({ url }) =>
      /manifests/.test(url) ? { kind: 'body', bytes: Buffer.from('{}') } : undefined,
    );
    const client = connect();
    expect(await codeOf(client.manifest(pinned))).toBe('DIGEST_MISMATCH');
    expect(await codeOf(client.manifest(referenceOn(registry.address)))).toBe('DIGEST_MISMATCH');
    expect(registry.count(/manifests/)).toBe(2);
  });

  test('an endless manifest is cut off', async () => {
    const registry = await faulty();
    registry.addManifest('1', Buffer.alloc(5 * 1024 * 1024, ' '), mediaTypes.ociManifest);
    expect(await codeOf(connect().manifest(referenceOn(registry.address)))).toBe('RESPONSE_TOO_LARGE');
  });

  test('an index leads to the platform, whole sizes and types agreeing', async () => {
    const registry = await faulty();
    serveImage(registry);
    const entry = {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf(manifestBytes),
      size: manifestBytes.length,
      platform: hostPlatform(),
    };
    const index = (...manifests: object[]) =>
      Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    registry.addManifest('good', index(entry), mediaTypes.ociIndex);
    registry.addManifest('size', index({ ...entry, size: 5 }), mediaTypes.ociIndex);
    registry.addManifest(
      'type',
      index({ ...entry, mediaType: mediaTypes.dockerManifest }),
      mediaTypes.ociIndex,
    );
    registry.addManifest(
      'far',
      index({ ...entry, platform: { os: 'plan9', architecture: 'mips' } }),
      mediaTypes.ociIndex,
    );
    const client = connect();
    const resolve = (tag: string) =>
      resolveImage(client, {
        reference: referenceOn(registry.address, `a:${tag}`),
        platform: hostPlatform(),
      });
    expect((await resolve('good')).descriptor.digest).toBe(digestOf(manifestBytes));
    expect((await resolve('1')).top.descriptor.digest).toBe(digestOf(manifestBytes));
    expect(await codeOf(resolve('size'))).toBe('DIGEST_MISMATCH');
    expect(await codeOf(resolve('type'))).toBe('MANIFEST_AMBIGUOUS');
    await expect(resolve('far')).rejects.toMatchObject({
      code: 'PLATFORM_NOT_FOUND',
      hint: expect.stringContaining('plan9/mips'),
    });
    expect(await codeOf(resolve('none'))).toBe('MANIFEST_NOT_FOUND');
  });

  test('indexes nested too deep are refused', async () => {
    const registry = await faulty();
    let inner: { mediaType: string; digest: string; size: number } = {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf(manifestBytes),
      size: manifestBytes.length,
    };
    for (let depth = 0; depth < 20; depth++) {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [inner] }));
      registry.addManifest(`d${depth}`, bytes, mediaTypes.ociIndex);
      inner = {
        mediaType: mediaTypes.ociIndex,
        digest: digestOf(bytes),
        size: bytes.length,
      };
    }
    const reference = referenceOn(registry.address, 'a:d19');
    expect(await codeOf(resolveImage(connect(), { reference, platform: hostPlatform() }))).toBe(
      'INDEX_NESTED',
    );
    expect(registry.count(/manifests/)).toBeLessThan(8);
  });
});

describe('logins', () => {
  const person = { username: 'ann', password: 'se:cret' };

  test('basic, with the login of the registry or of the closest parent', async () => {
    const registry = await faulty({ auth: { kind: 'basic', ...person } });
    serveImage(registry);
    expect(await codeOf(connect().manifest(referenceOn(registry.address)))).toBe('REGISTRY_UNAUTHORIZED');
    login(registry.address, auth('ann:se:cret'));
    await connect().manifest(referenceOn(registry.address));
    login(`${registry.address}/test`, auth('ann:se:cret'));
    await connect().manifest(referenceOn(registry.address));
    expect(await codeOf(connect().manifest(referenceOn(registry.address, 'other/x:1')))).toBe(
      'REGISTRY_UNAUTHORIZED',
    );
    login('elsewhere.example', auth('ann:se:cret'));
    login(registry.address, auth('ann:se:cret'), 'run/containers/auth.json');
    await connect().manifest(referenceOn(registry.address));
  });

  test('bearer: one token serves many requests and is renewed once on 401', async () => {
    const registry = await faulty({ auth: { kind: 'token', login: person, requests: 2 } });
    serveImage(registry);
    login(registry.address, auth('ann:se:cret'));
    const client = connect();
    for (let n = 0; n < 5; n++) await client.manifest(referenceOn(registry.address));
    expect(registry.count(/^GET \/token/)).toBe(3);
    const asked = registry.requests.find(({ url }) => url.startsWith('/token'))!;
    expect(new URL(asked.url, registry.url).searchParams.get('scope')).toBe('repository:test/image:pull');
    expect(
      registry.requests
        .filter(({ url }) => url.startsWith('/v2/test'))
        .every(({ headers }) => !headers.authorization?.startsWith('Basic')),
    ).toBe(true);
  });

  test('a token that never helps is asked for exactly once more', async () => {
    const registry = await faulty({ auth: { kind: 'token', requests: 0 } });
    serveImage(registry);
    expect(await codeOf(connect().manifest(referenceOn(registry.address)))).toBe('REGISTRY_UNAUTHORIZED');
    expect(registry.count(/manifests/)).toBe(2);
    expect(registry.count(/token/)).toBe(1);
  });

  test('ten requests at once share a token', async () => {
    const registry = await faulty({ auth: { kind: 'token' } });
    serveImage(registry);
    const client = connect();
    await client.manifest(referenceOn(registry.address));
    await Promise.all(Array.from({ length: 10 }, () => client.head(referenceOn(registry.address))));
    expect(registry.count(/token/)).toBe(1);
  });

  test('an identity token is exchanged', async () => {
    const registry = await faulty({ auth: { kind: 'token', login: person, identityToken: 'refresh' } });
    serveImage(registry);
    login(registry.address, { auth: Buffer.from('ann:').toString('base64'), identitytoken: 'refresh' });
    await connect().manifest(referenceOn(registry.address));
    expect(registry.count(/^POST \/token/)).toBe(1);
  });

  test.each([
    ['a realm in the clear elsewhere', { realm: 'http://example.com/token' }],
    ['a realm that is a file', { realm: 'file:///etc/passwd' }],
    ['a realm that is no URL', { realm: 'x' }],
    ['a realm with a login in it', { realm: 'https://a:b@example.com/' }],
    ['a reply that is no JSON', { reply: '<html>' }],
    ['a reply without a token', { reply: '{"token":""}' }],
    ['a token with a line break', { reply: '{"token":"a\\r\\nX: y"}' }],
  ])('%s is refused', async (_, script) => {
    const registry = await faulty({ auth: { kind: 'token', ...script } });
    login(registry.address, auth('ann:se:cret'));
    expect(await codeOf(connect().manifest(referenceOn(registry.address)))).toBe('REGISTRY_AUTH');
  });

  test('an endless token reply is cut off', async () => {
    const registry = await faulty({ auth: { kind: 'token', reply: `"${'x'.repeat(2 * 1024 * 1024)}"` } });
    expect(await codeOf(connect().manifest(referenceOn(registry.address)))).toBe('RESPONSE_TOO_LARGE');
  });

  test('helpers are asked, told and emptied', async () => {
    const registry = await faulty({ auth: { kind: 'basic', ...person } });
    serveImage(registry);
    mkdirSync(join(directory.path, '.docker'));
    writeFileSync(
      join(directory.path, '.docker/config.json'),
      JSON.stringify({ credsStore: 'vault', detachKeys: 'ctrl-x' }),
    );
    const kept = new Map<string, string>();
    const exec = {
      run: async (program: string, [verb]: readonly string[], { input }: { input: string }) => {
        expect(program).toBe('docker-credential-vault');
        if (verb === 'store') kept.set(JSON.parse(input).ServerURL, input);
        const found = kept.get(input);
        if (verb === 'erase') kept.delete(input);
        return {
          exitCode: verb === 'get' && found === undefined ? 1 : 0,
          stdout: found ?? 'credentials not found in native keychain',
          stderr: '',
        };
      },
    } as unknown as Exec;
    const client = connect({ exec });
    expect(await codeOf(client.manifest(referenceOn(registry.address)))).toBe('REGISTRY_UNAUTHORIZED');
    await client.login(registry.address, person);
    await connect({ exec }).manifest(referenceOn(registry.address));
    expect(await client.logout(registry.address)).toBe(true);
    expect(kept.size).toBe(0);
    expect(await codeOf(connect().manifest(referenceOn(registry.address)))).toBe('CREDENTIAL_HELPER');
  });
});

describe('redirects', () => {
  const to = (location: string, status = 307) => ({ kind: 'status' as const, status, headers: { location } });

  test('to another host go no credentials, to the same host they do', async () => {
    const owner = await faulty({ auth: { kind: 'basic', username: 'u', password: 'p' } });
    const other = await faulty({ host: '127.0.0.2' });
    serveImage(owner);
    serveImage(other);
    login(owner.address, auth('u:p'));
    owner.fail(/v2\/test\/image\/manifests/, to(`${other.url}/v2/moved/manifests/1`), 9);
    owner.fail(/v2\/near\/image\/manifests/, to('/v2/here/manifests/1'), 9);
    const client = connect();
    await client.manifest(referenceOn(owner.address));
    expect(other.requests.at(-1)!.headers).toMatchObject({ accept: expect.any(String) });
    expect(Object.keys(other.requests.at(-1)!.headers).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
    await client.manifest(referenceOn(owner.address, 'near/image:1'));
    expect(owner.requests.at(-1)!.headers.authorization).toBeDefined();
  });

  test('loops, other schemes and logins in the URL are refused', async () => {
    const registry = await faulty();
    for (const location of [
      '/v2/test/image/manifests/1',
      'file:///etc/passwd',
      'http://u:p@127.0.0.1/',
      'unix:/run/x',
      'http://[',
    ]) {
      registry.fail(/manifests/, to(location), 99);
      expect(await codeOf(connect().manifest(referenceOn(registry.address))), location).toBe(
        'REGISTRY_REDIRECT',
      );
      registries.splice(registries.indexOf(registry), 0);
    }
  });
});

describe('mirrors', () => {
  const conf = (text: string) => {
    const path = join(directory.path, 'registries.conf');
    writeFileSync(path, text);
    return { registriesConf: [path] };
  };

  test('are asked first, without the origin’s login, and forgotten for a while when dead', async () => {
    const origin = await faulty({ auth: { kind: 'basic', username: 'u', password: 'p' } });
    const mirror = await faulty({ auth: { kind: 'token' } });
    serveImage(origin);
    serveImage(mirror);
    login(origin.address, auth('u:p'));
    const rules = `[[registry]]\nprefix="${origin.address}/test"\nlocation="${origin.address}/real"\n[[registry.mirror]]\nlocation="127.0.0.1:1"\n[[registry.mirror]]\nlocation="${mirror.address}/m"`;
    const retries: string[] = [];
    const client = connect({ ...conf(rules), onRetry: ({ what }) => retries.push(what) });
    await client.manifest(referenceOn(origin.address));
    await client.manifest(referenceOn(origin.address));
    expect(retries).toEqual(['127.0.0.1:1']);
    expect(mirror.count(/\/v2\/m\/image\/manifests\/1/)).toBe(3);
    expect(mirror.requests.some(({ headers }) => headers.authorization?.startsWith('Basic'))).toBe(false);
    expect(origin.requests).toEqual([]);
    mirror.fail(/manifests/, { kind: 'status', status: 404 }, 9);
    await client.manifest(referenceOn(origin.address));
    expect(origin.count(/\/v2\/real\/image\/manifests\/1/)).toBe(2);
  });

  test('cannot replace what a digest names', async () => {
    const origin = await faulty();
    const mirror = await faulty();
    serveImage(origin);
    mirror.script(({ url }) =>
      /manifests/.test(url) ? { kind: 'body', bytes: Buffer.from('{}') } : undefined,
    );
    mirror.addManifest(digestOf(manifestBytes), Buffer.from('{}'), mediaTypes.ociManifest);
    const client = connect(
      conf(`[[registry]]\nlocation="${origin.address}"\n[[registry.mirror]]\nlocation="${mirror.address}"`),
    );
    const pinned = parseReference(`${origin.address}/x@${digestOf(manifestBytes)}`);
    expect((await client.manifest(pinned)).bytes.equals(manifestBytes)).toBe(true);
    expect(mirror.count(/manifests/)).toBe(1);
  });

  test('blocked registries, short names and aliases', async () => {
    const client = connect(
      conf(
        'unqualified-search-registries=["a.example","docker.io"]\n[aliases]\n"tool"="b.example/x/tool"\n[[registry]]\nprefix="*.bad.example"\nblocked=true',
      ),
    );
    const names = async (text: string) =>
      (await client.candidates(text)).map(({ domain, path, tag }) => `${domain}/${path}:${tag}`);
    expect(await names('tool:2')).toEqual(['b.example/x/tool:2']);
    expect(await names('debian')).toEqual(['a.example/debian:latest', 'docker.io/library/debian:latest']);
    expect(await names('c.example/debian:1')).toEqual(['c.example/debian:1']);
    expect(await codeOf(client.manifest(parseReference('x.bad.example/a:1')))).toBe('REGISTRY_BLOCKED');
    for (const text of [
      'registry = 1',
      '[registries.search]\nregistries=["x"]',
      'a = [',
      '[[registry]]\nblocked=true',
    ]) {
      expect(await codeOf(connect(conf(text)).candidates('x')), text).toBe('REGISTRIES_CONF_INVALID');
    }
  });
});

test('plain HTTP is for loopback only', async () => {
  const error = await connect({
    timeouts: { connect: 200 },
    retry: { attempts: 1 },
    env: { HOME: directory.path },
  })
    .manifest(parseReference('192.0.2.1:5000/a:1'))
    .catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
});

describe('a real registry (Debian’s docker-registry)', () => {
  let registry: TestRegistry;
  let store: ImageStore;
  const person = { username: 'ann', password: 'secret' };
  beforeAll(async () => {
    registry = await startRegistry({ login: person });
  });
  afterAll(() => registry.stop());
  beforeEach(async () => {
    store = await openStore(directory.path);
  });
  afterEach(() => store.close());

  const blob = (bytes: Buffer) => ({
    descriptor: { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length },
    open: (start: number, end: number) => Readable.from([bytes.subarray(start, end)]),
  });

  test('login is checked, kept with mode 0600 beside what is there, and forgotten', async () => {
    const path = join(directory.path, '.docker/config.json');
    login('other.example', auth('a:b'));
    const client = connect();
    await expect(client.login(registry.address, { ...person, password: 'wrong' })).rejects.toMatchObject({
      code: 'LOGIN_FAILED',
    });
    expect(await client.login(registry.address, person)).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, 'utf8')).auths).toEqual({
      'other.example': auth('a:b'),
      [registry.address]: auth('ann:secret'),
    });
    expect(await client.logout(registry.address)).toBe(true);
    expect(await client.logout(registry.address)).toBe(false);
    expect(JSON.parse(readFileSync(path, 'utf8')).auths).toEqual({ 'other.example': auth('a:b') });
  });

  test('push, mount, list, pull', async () => {
    const client = connect();
    await client.login(registry.address, person);
    const reference = referenceOn(registry.address, 'pushed/a:1');
    const big = Buffer.alloc(700_000, 'x');
    const progress: number[] = [];
    expect(
      await codeOf(
        client.pushManifest(reference, { bytes: manifestBytes, mediaType: mediaTypes.ociManifest }),
      ),
    ).toBe('REGISTRY_REFUSED');
    expect(
      await client.pushBlob(reference, blob(big), {
        chunkBytes: 300_000,
        onProgress: (n) => progress.push(n),
      }),
    ).toBe('pushed');
    expect(progress.at(-1)).toBe(big.length);
    for (const bytes of [layer, config]) expect(await client.pushBlob(reference, blob(bytes))).toBe('pushed');
    expect(await client.pushBlob(reference, blob(layer))).toBe('exists');
    expect(
      await client.pushBlob(referenceOn(registry.address, 'pushed/b:1'), blob(big), {
        mountFrom: 'pushed/a',
      }),
    ).toBe('mounted');
    const digest = await client.pushManifest(reference, {
      bytes: manifestBytes,
      mediaType: mediaTypes.ociManifest,
    });
    expect(digest).toBe(digestOf(manifestBytes));
    expect(await client.tags(reference)).toEqual(['1']);
    expect(await client.catalog(registry.address)).toEqual(['pushed/a', 'pushed/b']);
    expect(await client.head(reference)).toMatchObject({ digest, size: manifestBytes.length });
    expect(await client.head(referenceOn(registry.address, 'pushed/a:none'))).toBeUndefined();
    const image = await resolveImage(client, { reference, platform: hostPlatform() });
    for (const part of [image.manifest.config, ...image.manifest.layers])
      await pullBlob({ client, reference, store }, part);
    await pullBlob(
      { client, reference: referenceOn(registry.address, 'pushed/b:1'), store },
      blob(big).descriptor,
    );
    expect((await store.read(digestOf(big), big.length)).equals(big)).toBe(true);
  });

  test('a blob that is not what it says is refused by the registry, with its words', async () => {
    const client = connect();
    await client.login(registry.address, person);
    const lie = { ...blob(layer), descriptor: { ...blob(layer).descriptor, digest: digestOf('other') } };
    await expect(client.pushBlob(referenceOn(registry.address), lie)).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      message: expect.stringContaining('digest'),
    });
  });
});
