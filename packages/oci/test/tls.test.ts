import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, mediaTypes, type RegistryClient } from '@strata/oci';
import { type FaultyRegistry, startFaultyRegistry } from '@strata/test-fixtures';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { codeOf, referenceOn, scratch, testClient } from './support.ts';

const directory = scratch();
let registry: FaultyRegistry;
const clients: RegistryClient[] = [];

/** A self-signed certificate for 127.0.0.1. */
function certificate(name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(directory.path, `${name}.crt`), join(directory.path, `${name}.key`)];
  const subject = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ],
    { stdio: 'pipe' },
  );
  return { cert, key };
}

beforeAll(async () => {
  const own = certificate('own');
  certificate('foreign');
  registry = await startFaultyRegistry({
    tls: { cert: readFileSync(own.cert, 'utf8'), key: readFileSync(own.key, 'utf8') },
  });
  const manifest = {
    schemaVersion: 2,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(''), size: 0 },
    layers: [],
  };
  registry.addManifest('1', Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest);
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});
afterAll(async () => {
  await registry.stop();
  directory.remove();
});

function pull(certificates: string[]): Promise<unknown> {
  const client = testClient(directory.path, { certificateDirectories: certificates });
  clients.push(client);
  return client.manifest(referenceOn(registry.address));
}
function certsD(name: string, authority: string): string {
  const path = join(directory.path, name, registry.address);
  mkdirSync(path, { recursive: true });
  copyFileSync(join(directory.path, `${authority}.crt`), join(path, 'ca.crt'));
  return join(directory.path, name);
}

test('a registry on loopback needs no authority, as with Docker', async () => {
  expect(await codeOf(pull([]))).toBe('no error');
});

test('an authority in certs.d is enough, and is enforced', async () => {
  expect(await codeOf(pull([certsD('right', 'own')]))).toBe('no error');
  const before = registry.requests.length;
  expect(await codeOf(pull([certsD('wrong', 'foreign')]))).toBe('REGISTRY_TLS');
  expect(registry.requests).toHaveLength(before);
});

test('a client certificate needs its key', async () => {
  const path = certsD('half', 'own');
  copyFileSync(join(directory.path, 'own.crt'), join(path, registry.address, 'client.cert'));
  expect(await codeOf(pull([path]))).toBe('REGISTRY_CERTS_INVALID');
  copyFileSync(join(directory.path, 'own.key'), join(path, registry.address, 'client.key'));
  expect(await codeOf(pull([path]))).toBe('no error');
});

test('HTTPS is never led to plain HTTP', async () => {
  const plain = await startFaultyRegistry({ host: '127.0.0.3' });
  registry.fail(/manifests/, {
    kind: 'status',
    status: 302,
    headers: { location: `${plain.url}/v2/x/manifests/1` },
  });
  expect(await codeOf(pull([]))).toBe('REGISTRY_REDIRECT');
  expect(plain.requests).toEqual([]);
  await plain.stop();
});
