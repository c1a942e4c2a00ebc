/**
 * Where the server listens: a socket that only root can reach, mode 0600 in a directory of mode 0700, from the moment
 * it exists; or the one systemd passed (sd_listen_fds(3)). A lock beside the socket, held as long as the server lives,
 * tells a socket that a dead server left behind from one in use.
 */
import type { Stats } from 'node:fs';
import { lstat, mkdir, stat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, isAbsolute } from 'node:path';
import { errnoOf, type HeldLock, type Locks } from '@strata/core';
import { snapshotterErrors } from './errors.ts';

/** systemd socket activation. */
export const ACTIVATED = 'fd://';
/** SD_LISTEN_FDS_START */
const FIRST_DESCRIPTOR = 3;
/** sun_path without its NUL, unix(7). */
const PATH_BYTES = 107;

type Listening = Pick<Server, 'listen' | 'once' | 'off'>;

/** Resolves when connections are accepted; the lock is to be released after the server is closed. */
export async function listen(
  server: Listening,
  address: string,
  locks: Locks,
): Promise<HeldLock | undefined> {
  if (address === ACTIVATED) {
    checkActivation();
    await started(server, () => server.listen({ fd: FIRST_DESCRIPTOR }));
    return undefined;
  }
  checkPath(address);
  await makeDirectory(dirname(address));
  const lock = await locks.tryAcquire(`${address}.lock`);
  if (lock === undefined) throw snapshotterErrors.addressInUse(address);
  try {
    await removeStale(address);
    await started(server, () => bindPrivately(() => server.listen(address)));
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function checkActivation(): void {
  const { LISTEN_FDS, LISTEN_PID } = process.env;
  if (LISTEN_FDS !== '1' || LISTEN_PID !== String(process.pid)) throw snapshotterErrors.notActivated();
}

function checkPath(address: string): void {
  if (!isAbsolute(address)) throw snapshotterErrors.addressInvalid(address, 'is not an absolute path');
  if (Buffer.byteLength(address) > PATH_BYTES)
    throw snapshotterErrors.addressInvalid(
      address,
      `is longer than the ${PATH_BYTES} bytes of a socket's path`,
    );
}

async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(directory);
  if (uid !== process.geteuid?.() || (mode & 0o022) !== 0) throw snapshotterErrors.directoryOpen(directory);
}

/** We hold the lock, so nobody else of us is between looking and removing. */
async function removeStale(address: string): Promise<void> {
  let found: Stats;
  try {
    found = await lstat(address);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  if (!found.isSocket()) throw snapshotterErrors.addressTaken(address);
  if (await answers(address)) throw snapshotterErrors.addressInUse(address);
  await unlink(address);
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Node binds a unix socket before `listen` returns, so the mask holds for the moment of bind(2) and no longer. */
function bindPrivately(bind: () => void): void {
  const before = process.umask(0o177);
  try {
    bind();
  } finally {
    process.umask(before);
  }
}

function started(server: Listening, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    start();
  });
}
