/** The suite of containerd's Snapshotter through gRPC, over every built-in layer driver. */
import { rmSync } from 'node:fs';
import { snapshotterSuite } from '@strata/conformance/vitest';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll } from 'vitest';
import { GrpcSnapshotter, rawClient } from './grpc-snapshotter.ts';
import { host, serve } from './store.ts';

for (const [driver, type] of [
  ['overlay', 'ext4'],
  ['btrfs', 'btrfs'],
  ['vfs', 'ext4'],
] as const) {
  const filesystem = await createLoopFilesystem({ type, size: 1 << 30 });
  afterAll(() => filesystem.dispose());
  snapshotterSuite({
    name: `gRPC over ${driver}`,
    host,
    async create() {
      const served = await serve({ driver, directory: filesystem.directory });
      const { storage } = served.engine;
      const [status] = (await storage.drivers('layer')).filter(({ id }) => id === driver);
      const close = async () => served[Symbol.asyncDispose]();
      return {
        snapshotter: new GrpcSnapshotter(rawClient(served.address), close),
        traits: status!.capabilities!,
        dispose: async () => {
          await close();
          if (type !== 'btrfs') rmSync(served.base, { recursive: true });
        },
      };
    },
  });
}
