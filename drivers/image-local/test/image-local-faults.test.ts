import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageStore } from '@strata/core';
import { isBlobInfo } from '@strata/core';
import { createHost } from '@strata/host';
import { startFaultyRegistry } from '@strata/test-fixtures';
import { expect, test } from 'vitest';
import definition from '../src/index.ts';

async function open(root: string): Promise<ImageStore> {
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
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const;

/** A process that makes sure the store has a blob, fetching it when it is the writer. */
function fetcher(root: string, url: string, digest: string, size: number) {
  const child = spawn(
    process.execPath,
    ['--conditions=source', join(import.meta.dirname, 'fetch-blob.ts'), root, url, digest, String(size)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  return { child, ended: new Promise<string>((resolve) => child.on('close', () => resolve(stdout.trim()))) };
}

test('ten processes fetch a blob once', async () => {
  const root = mkdtempSync('/dev/shm/strata-image-local-');
  const bytes = randomBytes(4_000_000);
  const registry = await startFaultyRegistry();
  try {
    const digest = registry.addBlob(bytes);
    const all = Array.from({ length: 10 }, () =>
      fetcher(root, `${registry.url}/plain/${digest}`, digest, bytes.length),
    );
    const results = await Promise.all(all.map(({ ended }) => ended));
    expect(results.sort()).toEqual([...Array(9).fill('found'), 'wrote']);
    expect(registry.requests).toHaveLength(1);
    const store = await open(root);
    expect((await store.read(digestOf(bytes), bytes.length)).equals(bytes)).toBe(true);
    expect(readdirSync(join(root, 'ingest'))).toEqual([]);
    await store.close();
  } finally {
    await registry.stop();
    rmSync(root, { recursive: true, force: true });
  }
});

test('a writer killed in the middle is followed by one that resumes', async () => {
  const root = mkdtempSync('/dev/shm/strata-image-local-');
  const bytes = randomBytes(8_000_000);
  const registry = await startFaultyRegistry();
  try {
    const digest = registry.addBlob(bytes);
    registry.fail(/plain/, { kind: 'stall', at: 5_000_000 });
    const first = fetcher(root, `${registry.url}/plain/${digest}`, digest, bytes.length);
    const store = await open(root);
    await expect.poll(async () => (await store.ingests())[0]?.offset ?? 0).toBeGreaterThan(3_000_000);
    expect((await store.ingests())[0]?.active).toBe(true);
    const waiting = store.ingest({ digest: digestOf(bytes), size: bytes.length });
    first.child.kill('SIGKILL');
    await first.ended;
    const writer = await waiting;
    if (isBlobInfo(writer)) throw new Error('nobody finished it');
    expect(writer.offset).toBeGreaterThan(3_000_000);
    await writer.write(bytes.subarray(writer.offset));
    await writer.commit();
    expect((await store.read(digestOf(bytes), bytes.length)).equals(bytes)).toBe(true);
    await store.close();
  } finally {
    await registry.stop();
    rmSync(root, { recursive: true, force: true });
  }
});

test('a full disk is one clear error, gives its space back, and spares what is there', async () => {
  const base = mkdtempSync('/dev/shm/strata-image-local-');
  const root = join(base, 'small');
  mkdirSync(root);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', root]);
  try {
    const store = await open(root);
    const small = randomBytes(1000);
    const kept = await store.ingest({ digest: digestOf(small), size: small.length });
    if (isBlobInfo(kept)) throw new Error('new store');
    await kept.write(small);
    await kept.commit();
    await store.setReference('kept:1', { mediaType: 'x', digest: digestOf(small), size: small.length });
    const big = randomBytes(20_000_000);
    const writer = await store.ingest({ digest: digestOf(big), size: big.length });
    if (isBlobInfo(writer)) throw new Error('new store');
    const error = await writer.write(big).then(
      () => writer.commit(),
      (e: unknown) => e,
    );
    expect(error).toMatchObject({
      kind: 'resource-exhausted',
      code: 'NO_SPACE',
      message: `no space left on the filesystem of ${root}`,
    });
    expect(readdirSync(join(root, 'ingest')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
    expect((await store.read(digestOf(small), 1000)).equals(small)).toBe(true);
    expect(await store.references()).toHaveLength(1);
    expect(await store.deleteReference('kept:1')).toBe(true);
    await store.deleteBlob(digestOf(small));
    await store.close();
  } finally {
    execFileSync('umount', [root]);
    rmSync(base, { recursive: true, force: true });
  }
});
