import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createLoopFilesystem,
  debianImage,
  type LoopFilesystem,
  layeredImage,
  pushLayout,
  StrataHome,
} from '@strata/test-fixtures';
import { startRegistry, type TestRegistry } from '@strata/test-fixtures/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Not even from root. */
function takesNoMore(directory: string): boolean {
  const probe = join(directory, 'probe');
  try {
    writeFileSync(probe, Buffer.alloc(64 << 10));
    return false;
  } catch {
    return true;
  } finally {
    rmSync(probe, { force: true });
  }
}

describe('a filesystem of 64 MiB', () => {
  let filesystem: LoopFilesystem;
  let home: StrataHome;
  let registry: TestRegistry;
  let image: string;
  beforeAll(async () => {
    registry = await startRegistry();
    image = `${registry.address}/debian:1`;
    pushLayout(debianImage(), image);
    filesystem = await createLoopFilesystem({ type: 'ext4', size: 64 * 1024 ** 2 });
    home = new StrataHome(filesystem.directory);
  });
  afterAll(async () => {
    await home?.[Symbol.asyncDispose]();
    await filesystem?.dispose();
    await registry?.stop();
  });

  it('gives one clear error, keeps what was there, and can be cleaned', async () => {
    await home.ok('load', '-i', layeredImage().layout);
    const id = (await home.ok('images', '-q')).split('\n')[0]!;
    await home.ok('tag', id, 'small:1');
    const before = home.traces();

    const { code, stderr } = await home.strata(['load', '-i', debianImage().layout]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no space/i);
    expect(stderr).toContain('NO_SPACE');
    expect(stderr.split('\n').filter((line) => line.startsWith('strata: '))).toHaveLength(1);
    expect(home.traces().temporary).toEqual(before.temporary);

    // Blobs and layers arrive at once here: not even the database can be written when it ends.
    const pulled = await home.strata(['pull', image]);
    expect(pulled).toMatchObject({ code: 1, stderr: expect.stringContaining('NO_SPACE') });
    expect(home.traces()).toEqual({ ...before, layers: { overlay: [] } });
    expect(await home.ok('check')).toBe('The store is clean');

    expect(await home.ok('run', '--rm', 'small:1', 'cat', '/data/changed')).toBe('changed 2');
    expect(await home.ok('ps', '-aq')).toBe('');
    await home.ok(
      'run',
      '-d',
      '--name',
      'filler',
      'small:1',
      'sh',
      '-c',
      'dd if=/dev/zero of=/fill bs=1M; sleep 600',
    );
    await expect.poll(() => home.ok('exec', 'filler', 'sh', '-c', 'df / | tail -1')).toMatch(/100%/);
    expect(await home.ok('ps', '--format', '{{.Names}}')).toBe('filler');
    await home.ok('rm', '-f', 'filler');

    // The log is written by root, who may use the blocks ext4 keeps for root, and goes on taking all there is.
    await home.ok('run', '-d', '--name', 'talker', 'small:1', 'yes');
    await expect.poll(() => takesNoMore(filesystem.directory), { timeout: 60_000 }).toBe(true);
    for (let times = 0; times < 3; times++) {
      expect(await home.ok('ps', '--format', '{{.Names}}')).toBe('talker');
      expect(await home.ok('inspect', '-f', '{{.State.Status}}', 'talker')).toBe('running');
    }
    await home.ok('image', 'prune', '-f');
    await home.ok('rm', '-f', 'talker');
    expect(await home.ok('check')).toBe('The store is clean');

    await home.ok('rmi', 'small:1');
    await home.ok('image', 'prune', '-a', '-f');
    expect(await home.ok('images', '-aq')).toBe('');
  });
});

it.each(['btrfs', 'overlay'])('a full btrfs is left clean by an interrupted pull on %s', async (storage) => {
  const filesystem = await createLoopFilesystem({ type: 'btrfs', size: 220 * 1024 ** 2 });
  const registry = await startRegistry();
  try {
    await using home = new StrataHome(filesystem.directory);
    const image = `${registry.address}/debian:1`;
    pushLayout(debianImage(), image);
    await home.ok('load', `--storage=${storage}`, '-i', layeredImage().layout);
    const pulled = await home.strata(['pull', `--storage=${storage}`, image]);
    expect(pulled).toMatchObject({ code: 1, stderr: expect.stringContaining('NO_SPACE') });
    expect(await home.ok('check')).toBe('The store is clean');
  } finally {
    await filesystem.dispose();
    await registry.stop();
  }
});
