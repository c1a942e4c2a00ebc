import assert from 'node:assert/strict';
import { assertSamePicture, takePicture } from '../tree/tree-picture.ts';
import { fillZoo, hostileNames, SPARSE_BYTES } from '../tree/tree-zoo.ts';
import type { LayerCase } from './layer-suite.ts';

/** linux/limits.h. */
const NAME_MAX = 255;

export const fidelityCases: readonly LayerCase[] = [
  {
    name: 'graphtest/CreateBase',
    async run(context) {
      const base = await context.commit(undefined, (edit) => {
        edit.dir('a subdir', { mode: 0o1705, uid: 1, gid: 2 });
        edit.file('a file', 'x', { mode: 0o4222, uid: 0, gid: 0 });
      });
      await context.look(base, (edit) => {
        assert.deepEqual(edit.names(), ['a file', 'a subdir']);
        assert.equal(edit.mode('a subdir').toString(8), '1705');
        assert.deepEqual([edit.lstat('a subdir').uid, edit.lstat('a subdir').gid], [1n, 2n]);
        assert.equal(edit.mode('a file').toString(8), '4222');
      });
    },
  },
  {
    name: 'graphtest/CreateSnap',
    async run(context) {
      const base = await context.commit(undefined, fillZoo);
      const child = await context.prepare(base);
      const expected = await context.picture(base);
      await context.edit(child, (edit) => {
        assertSamePicture(
          takePicture(edit.tree, edit.directory),
          expected,
          'a new child differs from its parent',
        );
        edit.dir('.', { mode: 0o711, uid: 5, gid: 6 });
      });
      await context.driver.seal(context.layer(child));
      const grandchild = await context.prepare(child);
      await context.edit(grandchild, (edit) => {
        assert.equal(edit.mode('.').toString(8), '711', "the grandchild's root");
        assert.deepEqual([edit.lstat('.').uid, edit.lstat('.').gid], [5n, 6n]);
      });
    },
  },
  {
    name: 'strata/EverythingSurvivesThreeLayers',
    async run(context) {
      const base = await context.prepare(undefined);
      const expected = await context.edit(base, (edit) => {
        fillZoo(edit);
        edit.attributes('.', { mtimeNs: 1_500_000_000_111_222_333n });
        return takePicture(edit.tree, edit.directory);
      });
      await context.driver.seal(context.layer(base));
      const middle = await context.commit(base);
      const top = await context.commit(middle);
      assertSamePicture(await context.picture(base), expected, 'the sealed layer');
      assertSamePicture(await context.picture(middle), expected, 'an empty layer on it');
      assertSamePicture(await context.picture(top), expected, 'another empty layer on that');
    },
  },
  {
    name: 'strata/RootAttributesAreInherited',
    async run(context) {
      const base = await context.commit(undefined, (edit) => {
        edit.attributes('.', { mode: 0o555, uid: 11, gid: 22 });
        edit.xattr('.', 'trusted.strata-test', 'root');
        edit.attributes('.', { mtimeNs: 1_300_000_000_000_000_007n });
      });
      const child = await context.commit(base);
      assertSamePicture(
        await context.picture(child),
        await context.picture(base),
        'the root of an empty child',
      );
    },
  },
  {
    name: 'strata/NamesAreBytes',
    async run(context) {
      const base = await context.commit(undefined, (edit) => {
        for (const name of hostileNames) {
          edit.dir(name);
          edit.file(Buffer.concat([name, Buffer.from('/'), name]), name);
        }
      });
      const child = await context.commit(base, (edit) => {
        for (const name of hostileNames) edit.file(Buffer.concat([name, Buffer.from('/new')]), name);
      });
      await context.look(child, (edit) => {
        assert.deepEqual(edit.names(), hostileNames.map((name) => name.toString('latin1')).sort());
        for (const name of hostileNames) {
          const text = name.toString('latin1');
          assert.deepEqual(edit.names(name), ['new', text].sort());
          assert.equal(edit.read(Buffer.concat([name, Buffer.from('/'), name])), text);
        }
      });
    },
  },
  {
    name: 'strata/LongestNames',
    async run(context) {
      const long = 'n'.repeat(context.driver.capabilities.maxNameBytes ?? NAME_MAX);
      const base = await context.commit(undefined, (edit) => {
        edit.dir(long);
        edit.file(`${long}/${long}`, 'deep');
        edit.symlink(long, `${long}/link`);
      });
      const child = await context.commit(base, (edit) => edit.append(`${long}/${long}`, 'er'));
      await context.look(child, (edit) => {
        assert.deepEqual(edit.names(), [long]);
        assert.deepEqual(edit.names(long), ['link', long]);
        assert.equal(edit.read(`${long}/${long}`), 'deeper');
      });
      await context.look(base, (edit) => assert.equal(edit.read(`${long}/${long}`), 'deep'));
    },
  },
  {
    name: 'strata/HolesStayHoles',
    async run(context) {
      const base = await context.commit(undefined, fillZoo);
      const child = await context.commit(base);
      await context.look(child, (edit) => {
        const { size, blocks } = edit.lstat('sparse');
        assert.equal(Number(size), SPARSE_BYTES);
        assert.ok(
          Number(blocks) * 512 < SPARSE_BYTES / 4,
          `a sparse file of ${size} bytes takes ${blocks} blocks`,
        );
      });
    },
  },
  {
    name: 'strata/HardLinksStayOneFile',
    async run(context) {
      const base = await context.commit(undefined, (edit) => {
        edit.file('one', '1');
        edit.link('one', 'two');
      });
      await context.commit(base, (edit) => {
        assert.equal(edit.lstat('one').nlink, 2n);
        assert.equal(edit.lstat('one').ino, edit.lstat('two').ino);
      });
      const changed = await context.commit(base, (edit) => edit.unlink('two'));
      await context.look(changed, (edit) => assert.equal(edit.read('one'), '1'));
    },
  },
];
