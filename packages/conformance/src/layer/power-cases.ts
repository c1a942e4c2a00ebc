import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertSamePicture, takePicture } from '../tree/tree-picture.ts';
import type { LayerCase } from './layer-suite.ts';
import { createDriver } from './layer-target.ts';
import { afterPowerCut } from './power-cut.ts';

export const powerCases: readonly LayerCase[] = [
  {
    name: 'strata/FlushedLayersSurviveAPowerCut',
    async run(context) {
      const { host, target } = context;
      const base = await context.commit(undefined, (edit) => {
        edit.dir('dir');
        for (let n = 0; n < 200; n++) edit.file(`dir/file-${n}`, `content of ${n}`);
      });
      const child = await context.commit(base, (edit) => {
        edit.unlink('dir/file-7');
        edit.file('dir/new', 'x'.repeat(100_000));
      });
      await context.driver.flush();
      await afterPowerCut(host, context.root, async (root) => {
        const driver = await createDriver(target, root);
        assert.deepEqual([...(await driver.list())].sort(), [base, child].sort(), 'list after the power cut');
        for (const id of [base, child]) {
          const mounts = await driver.mounts(context.layer(id), 'ro');
          const found = await host.mounter.withMounted(mounts, async (directory) => {
            using tree = host.files.openTree(directory);
            return takePicture(tree, directory);
          });
          assertSamePicture(found, await context.picture(id), 'after the power cut');
        }
      });
    },
  },
  {
    name: 'strata/RemoveWhileAFileIsOpen',
    async run(context) {
      const layer = await context.create();
      await context.edit(layer.id, (edit) => edit.file('held', 'still here'));
      const { path } = await context.driver.unpackTarget(layer);
      const held = openSync(join(path, 'held'), 'r');
      try {
        await context.remove(layer.id);
        await context.driver.cleanup();
        assert.deepEqual(await context.driver.list(), []);
        assert.equal(readFileSync(held, 'utf8'), 'still here', 'who has it open goes on reading');
      } finally {
        closeSync(held);
      }
    },
  },
];
