import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createHost } from '@strata/host';
import { describe, expect, it } from 'vitest';
import { rejection, scratch } from './fixtures/scratch.ts';

const { locks } = createHost();

describe('Locks', () => {
  it('lets one in at a time, sharers together, and keeps the file', async () => {
    const path = `${scratch()}/lock`;
    let inside = 0;
    let most = 0;
    const enter = async () => {
      await using _lock = await locks.acquire(path);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
    };
    await Promise.all(Array.from({ length: 12 }, enter));
    expect(most).toBe(1);
    const first = await locks.acquire(path, { shared: true });
    const second = await locks.tryAcquire(path, { shared: true });
    expect(second).toBeDefined();
    expect(await locks.tryAcquire(path)).toBeUndefined();
    await first.release();
    await first.release();
    await second?.release();
    expect(await locks.tryAcquire(path)).toBeDefined();
    expect(existsSync(path)).toBe(true);
  });

  it('ends waiting at the timeout or when told to', async () => {
    const path = `${scratch()}/lock`;
    await using _held = await locks.acquire(path);
    const late = await rejection(locks.acquire(path, { timeout: 30 }));
    expect([late.kind, late.code]).toEqual(['unavailable', 'LOCK_TIMEOUT']);
    const controller = new AbortController();
    const waiting = rejection(locks.acquire(path, { signal: controller.signal }));
    controller.abort();
    expect((await waiting).kind).toBe('aborted');
    expect((await rejection(locks.acquire('/no/such/lock'))).code).toBe('ENOENT');
  });

  it('is free again when its holder is killed', async () => {
    const path = `${scratch()}/lock`;
    const holder = spawn('flock', [path, 'sh', '-c', 'echo held; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    await once(holder.stdout, 'data');
    expect(await locks.tryAcquire(path)).toBeUndefined();
    process.kill(-holder.pid!, 'SIGKILL');
    await using lock = await locks.acquire(path, { timeout: 10_000 });
    expect(lock).toBeDefined();
  });
});
