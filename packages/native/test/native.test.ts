import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';

const PACKAGE = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync('/dev/shm/strata-native-test-');
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('@strata/native', () => {
  it('names the set-up when it is not built', () => {
    mkdirSync(`${folder}/elsewhere`, { recursive: true });
    copyFileSync(`${PACKAGE}/index.cjs`, `${folder}/elsewhere/index.cjs`);
    const script = "try { require('./index.cjs').load() } catch ({ code, hint }) { console.log(code, hint) }";
    // Without NODE_PATH, which a package manager's wrapper may have set.
    const options = { cwd: `${folder}/elsewhere`, env: {}, encoding: 'utf8' } as const;
    expect(execFileSync(process.execPath, ['-e', script], options)).toMatch(/^NATIVE_MISSING .*set-up/);
  });

  it('tells a client of whom too little comes to do the work itself', async () => {
    const socket = `${folder}/socket`;
    const script = `const native = require('${PACKAGE}/index.cjs').load();
      const listener = native.standbyListen('${socket}');
      console.log('listens');
      native.standbyAccept(listener, 60_000, new Uint8Array(36));`;
    mkdirSync(folder, { recursive: true });
    const standby = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(standby.stdout, 'data');
    const client = createConnection(socket).on('connect', () => client.end('\x05'));
    const answer = (await client.setEncoding('latin1').toArray()).join('');
    standby.kill();
    expect(answer).toBe('AR');
  });

  it('ends with a sentence where a mapped file has no page any more', () => {
    const script = `require('${PACKAGE}/index.cjs').load();
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync('${folder}/x.db');
      database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n)');
      require('node:fs').truncateSync('${folder}/x.db-shm', 0);
      database.exec('INSERT INTO t VALUES (1)');`;
    mkdirSync(folder, { recursive: true });
    const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('(NO_SPACE)\nhint: ') });
  });

  it('is found from a bundle that lies elsewhere, by way of node_modules', () => {
    mkdirSync(`${folder}/node_modules/@strata`, { recursive: true });
    symlinkSync(PACKAGE, `${folder}/node_modules/@strata/native`);
    copyFileSync(`${PACKAGE}/index.cjs`, `${folder}/bundle.cjs`);
    const { load } = createRequire(import.meta.url)(`${folder}/bundle.cjs`) as {
      load(): { close(fd: number): void };
    };
    expect(() => load().close(-1)).toThrow(
      expect.objectContaining({ code: 'EBADF', errno: -9, syscall: 'close' }),
    );
  });

  it('builds from nothing and leaves an up-to-date result alone', () => {
    for (const name of ['src', 'client', 'build.mjs'])
      execFileSync('cp', ['-r', `${PACKAGE}/${name}`, `${PACKAGE}/build`]);
    const copy = `${PACKAGE}/build`;
    try {
      execFileSync(process.execPath, [`${copy}/build.mjs`]);
      const first = readFileSync(`${copy}/build/strata_native.node`);
      execFileSync(process.execPath, [`${copy}/build.mjs`], { env: { PATH: '/nowhere' } });
      expect(first.length).toBeGreaterThan(1000);
      rmSync(`${copy}/build`, { recursive: true });
      const run = () =>
        execFileSync(process.execPath, [`${copy}/build.mjs`], { env: { PATH: '/nowhere' }, stdio: 'pipe' });
      expect(run).toThrow(/gcc is not installed/);
    } finally {
      for (const name of ['src', 'client', 'build.mjs', 'build'])
        rmSync(`${copy}/${name}`, { recursive: true, force: true });
    }
  });

  it('has at most 750 lines of C in the addon, 430 in the client (docs/adr/0008, 0014)', () => {
    const lines = (folder: string): number =>
      readdirSync(`${PACKAGE}/${folder}`)
        .filter((name) => name.endsWith('.c'))
        .map((name) => readFileSync(`${PACKAGE}/${folder}/${name}`, 'utf8').split('\n').length - 1)
        .reduce((sum, count) => sum + count);
    expect(lines('src')).toBeLessThanOrEqual(750);
    expect(lines('client')).toBeLessThanOrEqual(430);
  });

  it('survives a thread that ends while it waits', async () => {
    const script = `
      const { load } = require(${JSON.stringify(`${PACKAGE}/index.cjs`)});
      const fd = load().pidfdOpen(process.pid);
      load().poll(fd, 1).catch(() => {});
      require('node:worker_threads').parentPort.postMessage('waiting');`;
    for (let round = 0; round < 5; round++) {
      const worker = new Worker(script, { eval: true });
      await new Promise((resolve) => worker.once('message', resolve));
      expect(await worker.terminate()).toBe(1);
    }
  });
});
