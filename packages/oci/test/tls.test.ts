import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { digestOf, mediaTypes, type RegistryClient } from '@strata/oci';
import { type FaultyRegistry, startFaultyRegistry } from '@strata/test-fixtures';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { codeOf, referenceOn, scratch, testClient } from './support.ts';

const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(''), size: 0 };
const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [] }));
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
  registry.addManifest('1', manifest, mediaTypes.ociManifest);
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

test.each([
  ['refuses plain HTTP', 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'],
  ['sends it to HTTPS', 'HTTP/1.1 301 Moved\r\nlocation: https://HOST/v2/\r\ncontent-length: 0\r\n\r\n'],
  ['asks for HTTPS', 'HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n'],
])('so does one behind a server that %s', async (_, answer) => {
  const TLS_HANDSHAKE = 0x16;
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .once('data', (first) => {
        if (first[0] !== TLS_HANDSHAKE) return socket.end(answer.replace('HOST', host));
        const behind = connect(Number(new URL(registry.url).port), '127.0.0.1').on('error', () => undefined);
        behind.write(first);
        return socket.pipe(behind).pipe(socket);
      });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = testClient(directory.path);
  clients.push(client);
  expect(await codeOf(client.manifest(referenceOn(host)))).toBe('no error');
  server.close();
});

test('a registry on loopback without HTTPS hears nothing but what it is asked', async () => {
  const plain = await startFaultyRegistry();
  plain.addManifest('1', manifest, mediaTypes.ociManifest);
  const client = testClient(directory.path);
  clients.push(client);
  expect(await codeOf(client.manifest(referenceOn(plain.address)))).toBe('no error');
  expect(plain.requests.map(({ url }) => url)).toEqual(['/v2/test/image/manifests/1']);
  await plain.stop();
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
