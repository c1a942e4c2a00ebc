/** The suite of containerd's Snapshotter through gRPC, over every built-in layer driver and one whose mounts use one another. */
import { rmSync } from 'node:fs';
import type { SnapshotterTraits } from '@strata/conformance';
import { snapshotterSuite } from '@strata/conformance/vitest';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll } from 'vitest';
import { GrpcSnapshotter, rawClient } from './grpc-snapshotter.ts';
import { host, serve } from './store.ts';

for (const [driver, type] of [
  ['overlay', 'ext4'],
  ['btrfs', 'btrfs'],
  ['vfs', 'ext4'],
  ['erofs', 'ext4'],
] as const) {
  const filesystem = await createLoopFilesystem({ type, size: 1 << 30 });
  afterAll(() => filesystem.dispose());
  snapshotterSuite({
    name: `gRPC over ${driver}`,
    host,
    async create() {
      const served = await serve({ driver, directory: filesystem.directory });
      const [status] = (await served.engine.storage.drivers('layer')).filter(({ id }) => id === driver);
      return {
        snapshotter: new GrpcSnapshotter(rawClient(served.address)),
        // What a status tells of capabilities is for people, so its type does not name them.
        traits: status!.capabilities as unknown as SnapshotterTraits,
        dispose: async () => {
          await served[Symbol.asyncDispose]();
          if (type !== 'btrfs') rmSync(served.base, { recursive: true });
        },
      };
    },
  });
}
