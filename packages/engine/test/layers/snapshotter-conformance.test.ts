import { snapshotterSuite } from '@strata/conformance/vitest';
import { host, testFilesystem, testServices } from '../store.ts';

const ext4 = await testFilesystem('ext4', 1 << 30);
const btrfs = await testFilesystem('btrfs', 1 << 30);

for (const [driver, directory] of [
  ['overlay', ext4],
  ['btrfs', btrfs],
  ['vfs', ext4],
] as const) {
  snapshotterSuite({
    name: `LayerStore over ${driver}`,
    host,
    async create() {
      const store = testServices(directory);
      const snapshotter = await store.services.layers.open(driver);
      return {
        snapshotter,
        traits: snapshotter.driver.capabilities,
        dispose: async () => store[Symbol.asyncDispose](),
      };
    },
  });
}
