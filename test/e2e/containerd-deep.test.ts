/** What containerd's mounts cannot carry as Strata's can: deep stacks in long places, FUSE, mounts that use one another. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLoopFilesystem, type LoopFilesystem, StrataHome } from '@strata/test-fixtures';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Containerd, SnapshotterServer } from './containerd-daemon.ts';
import { deepImageArchive } from './deep-image.ts';
import { packed } from './packages.ts';
import { gib } from './setup.ts';

const LAYERS = 128;
let filesystem: LoopFilesystem;
let home: StrataHome;
let archive: string;

beforeAll(async () => {
  filesystem = await createLoopFilesystem({ type: 'ext4', size: 4 * gib });
  // With this before each of 127 layers, mount data would be seven pages long.
  const long = join(filesystem.directory, ...['l', 'o', 'n', 'g'].map((letter) => letter.repeat(40)));
  home = new StrataHome(long);
  archive = deepImageArchive(filesystem.directory, LAYERS, 'deep:test');
  for (const id of ['fuse-overlayfs', 'erofs'])
    await home.ok('driver', 'add', await packed(`layer-${id}`, filesystem.directory));
});
afterAll(async () => {
  await home?.[Symbol.asyncDispose]();
  await filesystem?.dispose();
});

async function served(
  driver: string,
  work: (containerd: Containerd, snapshotter: string) => Promise<void>,
): Promise<void> {
  // A socket's path has 108 bytes at the most.
  const sockets = join(filesystem.directory, driver);
  mkdirSync(sockets, { mode: 0o700 });
  const server = new SnapshotterServer(home, driver, join(sockets, 's'));
  const containerd = new Containerd(join(filesystem.directory, `c-${driver}`), { strata: server.address });
  await server.start();
  try {
    await containerd.start();
    await work(containerd, 'strata');
  } finally {
    await containerd.stop();
    await server.stop();
  }
}

describe.each(['overlay', 'fuse-overlayfs', 'erofs'])('containerd on %s', (driver) => {
  test(`runs an image of ${LAYERS} layers`, async () => {
    await served(driver, async (containerd, snapshotter) => {
      await containerd.ok('image', 'import', '--snapshotter', snapshotter, archive);
      const image = (await containerd.ok('image', 'ls', '-q')).trim();
      // ctr stops reading when the process has ended, also before it has read all.
      const look = [
        'sh',
        '-c',
        `ls /deep | wc -l; cat /deep/1 /deep/${LAYERS - 1}; rm /deep/1; echo n > /deep/2; cat /deep/2; sleep 1`,
      ];
      const seen = { code: 0, stdout: `${LAYERS - 1}\n1\n${LAYERS - 1}\nn\n`, stderr: '' };
      for (const name of ['first', 'second'])
        expect(
          await containerd.ctr('run', '--rm', '--snapshotter', snapshotter, image, name, ...look),
        ).toEqual(seen);
      // containerd removes a snapshot some time after its container.
      await vi.waitFor(() => expect(home.traces().mounts).toEqual([]), { timeout: 60_000 });
      await containerd.ok('image', 'rm', '--sync', image);
    });
    expect(home.traces().mounts).toEqual([]);
    expect(home.traces().layers[driver]).toEqual([]);
    expect(await home.ok('check')).toBe('The store is clean');
  });
});
