import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { errnoOf, hasChanges, hasClone, hasLoopBacking, hasQuota, type LayerChanges } from '@strata/core';
import { expectError } from '../runner/expect-error.ts';
import { TreeEditor } from '../tree/tree-editor.ts';
import { assertSamePicture } from '../tree/tree-picture.ts';
import { fillZoo } from '../tree/tree-zoo.ts';
import { LayerContext } from './layer-context.ts';
import type { LayerCase } from './layer-suite.ts';
import { createDriver } from './layer-target.ts';

const MIB = 1024 ** 2;

export const capabilityCases: readonly LayerCase[] = [
  {
    name: 'graphtest/Changes (native)',
    excludedBy: ({ nativeChanges }) =>
      nativeChanges ? undefined : 'nativeChanges is false: the engine compares the layer with its parents',
    async run(context) {
      const { driver, host } = context;
      assert.ok(hasChanges(driver));
      const base = await context.commit(undefined, (edit) => {
        for (const name of ['same', 'changed', 'gone', 'moded', 'dir/inner']) {
          edit.dir('dir');
          edit.file(name, name);
        }
      });
      const child = await context.prepare(base);
      await context.edit(child, async (edit) => {
        edit.overwrite('changed', 0, 'CHANGED');
        edit.unlink('gone');
        edit.chmod('moded', 0o600);
        edit.file('dir/added', 'x');
        const found = await named(await driver.changes(context.layer(child)), host);
        const certain = ['changed', 'gone', 'moded', 'dir/added'];
        assert.deepEqual(
          certain.filter((path) => !found.has(path)),
          [],
          'changes that were not named',
        );
        assert.ok(!found.has('same') && !found.has('dir/inner'), 'files without a change were named');
      });
    },
  },
  {
    name: 'graphtest/SetQuota',
    excludedBy: ({ quota }) => (quota ? undefined : 'quota is false: the engine refuses a size limit'),
    async run(context) {
      const { driver } = context;
      assert.ok(hasQuota(driver));
      const base = await context.commit(undefined, (edit) => edit.file('base', Buffer.alloc(16 * MIB, 1)));
      const [limited, free] = [await context.prepare(base), await context.prepare(base)];
      await driver.setQuota(context.layer(limited), { bytes: 8 * MIB });
      await context.edit(limited, (edit) => {
        edit.file('fits', Buffer.alloc(MIB, 2));
        assertFull(edit, 31, '32 MiB went into a quota of 8');
      });
      await context.edit(free, (edit) => edit.file('unlimited', Buffer.alloc(24 * MIB, 3)));
    },
  },
  {
    name: 'strata/SetBacking',
    excludedBy: ({ loopBacking }) =>
      loopBacking === true ? undefined : 'loopBacking is false: the engine refuses backing=loop',
    async run(context) {
      const { driver } = context;
      assert.ok(hasLoopBacking(driver));
      const base = await context.commit(undefined, (edit) => edit.file('base', Buffer.alloc(16 * MIB, 1)));
      const child = await context.prepare(base);
      await driver.setBacking(context.layer(child), { bytes: 32 * MIB });
      await context.edit(child, (edit) => {
        assert.equal(edit.read('base').length, 16 * MIB);
        edit.file('fits', Buffer.alloc(16 * MIB, 2));
        assertFull(edit, 32, '48 MiB went into 32');
      });
      const { bytes } = await driver.usage(context.layer(child));
      assert.ok(bytes > 16 * MIB && bytes <= 33 * MIB, `usage is ${bytes} bytes`);
      await context.look(child, (edit) => assert.equal(edit.lstat('fits').size, BigInt(16 * MIB)));
    },
  },
  {
    name: 'graphtest/CreateFromTemplate (clone)',
    excludedBy: ({ clone }) => (clone ? undefined : 'clone is false: copying a layer copies its data'),
    async run(context) {
      const { driver } = context;
      assert.ok(hasClone(driver));
      const base = await context.commit(undefined, fillZoo);
      const source = await context.create(base);
      await context.edit(source.id, (edit) => edit.file('running', 'state'));
      const target = context.plan(base);
      await driver.clone(source, target);
      const copied = await context.picture(source.id);
      assertSamePicture(await context.picture(target.id), copied, 'a clone differs from its source');
      await context.edit(target.id, (edit) => edit.append('running', ' of the clone'));
      assertSamePicture(await context.picture(source.id), copied, 'writing to a clone changed its source');
      await expectError('already-exists', 'clone onto an id in use', () => driver.clone(source, target));
      const ghost = { id: 'nosuchlayer', parents: [] };
      await expectError('not-found', 'clone of a missing layer', () =>
        driver.clone(ghost, context.plan(base)),
      );
      await context.remove(source.id);
      await driver.cleanup();
      await context.look(target.id, (edit) => assert.equal(edit.read('running'), 'state of the clone'));
    },
  },
  {
    name: 'strata/FiveHundredLayersMount',
    excludedBy: ({ maxDepth }) => (maxDepth >= 500 ? undefined : `maxDepth is ${maxDepth}`),
    async run(context) {
      let id = await context.commit(undefined, (edit) => edit.file('bottom', 'bottom'));
      for (let depth = 2; depth < 500; depth += 1) id = await context.commit(id);
      const top = await context.prepare(id);
      await context.edit(top, (edit) => {
        assert.equal(edit.read('bottom'), 'bottom');
        edit.append('bottom', ' and top');
      });
      await context.driver.seal(context.layer(top));
      await context.look(top, (edit) => assert.equal(edit.read('bottom'), 'bottom and top'));
    },
  },
  {
    name: 'strata/LongAndHostileRoot',
    async run({ target, root }) {
      const first = `${root}/r:o,o=t \\\\"x`;
      const long = [first, ...Array.from({ length: 8 }, (_, n) => String(n).repeat(240))].join('/');
      mkdirSync(long, { recursive: true });
      const context = new LayerContext(target, await createDriver(target, long), long);
      let id = await context.commit(undefined, (edit) => edit.file('bottom', 'bottom'));
      for (let depth = 2; depth < 128; depth += 1) id = await context.commit(id);
      const top = await context.prepare(id);
      await context.edit(top, (edit) => edit.append('bottom', '!'));
      await context.look(top, (edit) => assert.equal(edit.read('bottom'), 'bottom!'));
      await context.close();
      rmSync(first, { recursive: true });
    },
  },
];

/** Write files of 1 MiB until there is no room. */
function assertFull(edit: TreeEditor, most: number, otherwise: string): void {
  const error = (() => {
    try {
      for (let n = 0; n < most; n += 1) edit.file(`more${n}`, Buffer.alloc(MIB, n));
      return undefined;
    } catch (caught) {
      return caught;
    }
  })();
  assert.ok(['EDQUOT', 'ENOSPC'].includes(errnoOf(error) ?? ''), `${otherwise}: ${String(error)}`);
}

async function named(changes: LayerChanges, host: LayerContext['host']): Promise<Set<string>> {
  const found = new Set<string>();
  if (changes.kind === 'candidates') {
    for await (const path of changes.paths) found.add(Buffer.from(path).toString('latin1'));
    return found;
  }
  using tree = host.files.openTree(changes.path);
  const edit = new TreeEditor(tree, changes.path);
  const visit = (directory: string): void => {
    for (const name of edit.names(directory)) {
      const path = directory === '.' ? name : `${directory}/${name}`;
      found.add(path);
      if (edit.lstat(path).isDirectory()) visit(path);
    }
  };
  visit('.');
  assert.ok(
    edit.lstat('gone').isCharacterDevice() && edit.lstat('gone').rdev === 0n,
    'a deletion is a 0:0 device',
  );
  return found;
}
