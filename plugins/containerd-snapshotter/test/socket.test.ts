import { execFileSync, spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { type Snapshotter, serveSnapshotter } from '../src/index.ts';
import { rawClient } from './grpc-snapshotter.ts';
import { host } from './store.ts';

const base = mkdtempSync('/dev/shm/strata-socket-');
afterAll(() => rmSync(base, { recursive: true }));

const snapshotter = { async cleanup() {} } as unknown as Snapshotter;
const serve = (address: string) =>
  serveSnapshotter({ snapshotter, address, locks: host.locks, log: host.log, grace: 0 });
const mode = (path: string) => lstatSync(path).mode & 0o777;

test('socket and new directories are for root alone whatever the mask, which stays as it was', async () => {
  const before = process.umask(0);
  try {
    const address = `${base}/new/deep/x.sock`;
    await using _server = await serve(address);
    expect(mode(address)).toBe(0o600);
    expect([mode(`${base}/new`), mode(`${base}/new/deep`)]).toEqual([0o700, 0o700]);
    expect(process.umask()).toBe(0);
    await rawClient(address).cleanup({});
  } finally {
    process.umask(before);
  }
});

test('the socket goes with its server, and the address can be used again', async () => {
  const address = `${base}/again.sock`;
  for (let time = 0; time < 2; time += 1) {
    const server = await serve(address);
    await rawClient(address).cleanup({});
    await server.close();
    await server.close();
    expect(existsSync(address)).toBe(false);
  }
});

test('a second server is refused and the first goes on', async () => {
  const address = `${base}/one.sock`;
  await using _first = await serve(address);
  await expect(serve(address)).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
  await rawClient(address).cleanup({});
});

test('the socket of a killed server is replaced, one that answers is not', async () => {
  const address = `${base}/stale.sock`;
  const script = `require('node:net').createServer().listen(${JSON.stringify(address)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', script])).toThrow();
  expect(lstatSync(address).isSocket()).toBe(true);
  await (await serve(address)).close();
  const other = createServer();
  await new Promise<void>((listening) => other.listen(address, listening));
  await expect(serve(address)).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
  expect(lstatSync(address).isSocket()).toBe(true);
  await new Promise((closed) => other.close(closed));
});

test('a file in the way stays', async () => {
  const address = `${base}/file`;
  writeFileSync(address, 'mine');
  await expect(serve(address)).rejects.toMatchObject({ code: 'ADDRESS_TAKEN' });
  expect(lstatSync(address).size).toBe(4);
});

test('a directory others may write to is refused', async () => {
  const open = `${base}/open`;
  mkdirSync(open);
  execFileSync('chmod', ['1777', open]);
  await expect(serve(`${open}/x.sock`)).rejects.toMatchObject({ code: 'ADDRESS_DIRECTORY_OPEN' });
  expect(readdirSync(open)).toEqual([]);
});

test.for(['relative.sock', `/${'x'.repeat(107)}`, ''])('%s is no address', async (address) => {
  await expect(serve(address)).rejects.toMatchObject({ code: 'ADDRESS_INVALID' });
});

test('fd:// without systemd is refused', async () => {
  await expect(serve('fd://')).rejects.toMatchObject({ code: 'SOCKET_NOT_PASSED' });
});

test('fd:// serves the socket systemd passed, and leaves it to systemd', async () => {
  const address = `${base}/systemd.sock`;
  const program = `import { createHost } from '@strata/host'; import { serveSnapshotter } from '@strata/containerd-snapshotter';
    const { locks, log } = createHost();
    const server = await serveSnapshotter({ snapshotter: { async cleanup() {} }, address: 'fd://', locks, log });
    process.once('SIGTERM', () => server.close());`;
  const node = [
    process.execPath,
    '--conditions=source',
    '--no-warnings',
    '--input-type=module',
    '-e',
    program,
  ];
  const manager = spawn('systemd-socket-activate', ['-l', address, ...node], {
    cwd: import.meta.dirname,
    stdio: 'ignore',
  });
  try {
    while (!existsSync(address)) await new Promise((later) => setTimeout(later, 20));
    // The first connection starts the server and waits for it.
    await rawClient(address).cleanup({});
  } finally {
    const gone = new Promise<number | null>((exited) => manager.once('exit', exited));
    manager.kill('SIGTERM');
    expect(await gone).toBe(0);
  }
  expect(existsSync(address)).toBe(true);
});
