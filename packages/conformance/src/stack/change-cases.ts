/** What a layer does to files of the layers below. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertSamePicture } from '../tree/tree-picture.ts';
import type { StackCase } from './layer-stack.ts';

export const changeCases: readonly StackCase[] = [
  {
    name: 'containerd/Basic (trees)',
    async run(stack) {
      const one = await stack.commit(undefined, (edit) => {
        edit.file('foo', 'foo\n', { mode: 0o777 });
        edit.dir('a/b/c');
        edit.file('a/b/c/d', 'nested');
      });
      const two = await stack.commit(one, (edit) => {
        assert.equal(edit.read('foo'), 'foo\n');
        edit.file('bar', 'bar\n');
        edit.unlink('foo');
        edit.file('a/b/e', 'e');
        edit.removeAll('a/b/c');
      });
      await stack.look(two, (edit) => {
        assert.deepEqual(edit.names(), ['a', 'bar']);
        assert.deepEqual(edit.names('a/b'), ['e']);
      });
      await stack.look(one, (edit) => assert.deepEqual(edit.names(), ['a', 'foo']));
    },
  },
  {
    name: 'containerd/LayerFileupdate (moby#21555)',
    async run(stack) {
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const base = await stack.commit(undefined, (edit) => {
          edit.dir('dir');
          edit.file('dir/file', `old ${attempt}`);
        });
        if (attempt === 4) await sleep(1000 - (Date.now() % 1000)); // once across the boundary of a second
        const top = await stack.commit(base, (edit) => edit.file('dir/file', `new ${attempt}`));
        await stack.look(top, (edit) => assert.equal(edit.read('dir/file'), `new ${attempt}`));
        await stack.remove(top);
        await stack.remove(base);
      }
    },
  },
  {
    name: 'containerd/RemoveDirectoryInLowerLayer (moby#25244)',
    async run(stack) {
      const one = await stack.commit(undefined, (edit) => {
        edit.dir('lib');
        edit.file('lib/hidden', 'lower');
      });
      const two = await stack.commit(one, (edit) => {
        edit.removeAll('lib');
        edit.dir('lib');
      });
      const three = await stack.commit(two, (edit) => edit.file('lib/not-hidden', 'upper'));
      await stack.look(two, (edit) => assert.deepEqual(edit.names('lib'), []));
      await stack.look(three, (edit) => assert.deepEqual(edit.names('lib'), ['not-hidden']));
    },
  },
  {
    name: 'containerd/Chown (moby#20240, moby#24913, moby#28391)',
    async run(stack) {
      const one = await stack.commit(undefined, (edit) => {
        edit.dir('opt/a/b', { uid: 1, gid: 1 });
        edit.file('opt/a/b/file', 'x', { uid: 1, gid: 1 });
        edit.symlink('file', 'opt/a/b/link');
        edit.file('opt/a/suid', 'x', { mode: 0o4755 });
      });
      const all = ['opt', 'opt/a', 'opt/a/b', 'opt/a/b/file', 'opt/a/b/link', 'opt/a/suid'];
      const two = await stack.commit(one, (edit) => {
        for (const path of all) edit.chown(path, 1001, 1002);
      });
      await stack.look(two, (edit) => {
        for (const path of all) {
          const { uid, gid } = edit.lstat(path);
          assert.deepEqual([uid, gid], [1001n, 1002n], path);
        }
        assert.equal(edit.read('opt/a/b/file'), 'x');
      });
      await stack.look(one, (edit) => assert.equal(edit.lstat('opt/a/b/file').uid, 1n));
    },
  },
  {
    name: 'containerd/DirectoryPermissionOnCommit (moby#27298)',
    async run(stack) {
      const owners = (n: number) => ({ uid: n, gid: n + 1 });
      const one = await stack.commit(undefined, (edit) => {
        for (const dir of ['dir1', 'dir2', 'dir3', 'dir4']) edit.dir(dir, { mode: 0o700, ...owners(1) });
        edit.dir('dir3/sub');
      });
      const two = await stack.commit(one, (edit) => {
        edit.removeAll('dir1');
        edit.dir('dir1', { mode: 0o1777, ...owners(2) });
        edit.chown('dir2', 3, 4);
        edit.removeAll('dir3');
        edit.dir('dir3', { mode: 0o750, ...owners(5) });
      });
      const three = await stack.commit(two, (edit) => edit.file('dir4/file', 'x'));
      for (const id of [two, three]) {
        await stack.look(id, (edit) => {
          const seen = ['dir1', 'dir2', 'dir3', 'dir4'].map((path) => {
            const { uid, gid } = edit.lstat(path);
            return `${edit.mode(path).toString(8)} ${uid}:${gid}`;
          });
          assert.deepEqual(seen, ['1777 2:3', '700 3:4', '750 5:6', '700 1:2']);
        });
      }
    },
  },
  {
    name: 'containerd/DeletedFilesInChildSnapshot',
    async run(stack) {
      const one = await stack.commit(undefined, (edit) => {
        edit.file('gone', 'x');
        edit.file('kept', 'x');
        edit.dir('dir/sub');
      });
      const two = await stack.commit(one, (edit) => {
        edit.unlink('gone');
        edit.removeAll('dir');
      });
      const three = await stack.commit(two);
      const four = await stack.commit(three, (edit) => edit.file('more', 'x'));
      await stack.look(three, (edit) => assert.deepEqual(edit.names(), ['kept']));
      await stack.look(four, (edit) => assert.deepEqual(edit.names(), ['kept', 'more']));
    },
  },
  {
    name: 'moby/RemoveAfterCommit (moby#24309)',
    async run(stack) {
      const one = await stack.commit(undefined, (edit) => {
        edit.dir('var/lib/apt/lists');
        for (let n = 0; n < 20; n += 1) edit.file(`var/lib/apt/lists/list${n}`, String(n));
      });
      const two = await stack.commit(one, (edit) => edit.file('var/lib/apt/lists/list3', 'updated'));
      const three = await stack.commit(two, (edit) => {
        edit.removeAll('var/lib/apt');
        assert.deepEqual(edit.names('var/lib'), []);
        edit.dir('var/lib/apt/lists');
        assert.deepEqual(edit.names('var/lib/apt/lists'), []);
      });
      await stack.look(three, (edit) => assert.deepEqual(edit.names('var/lib/apt/lists'), []));
    },
  },
  {
    name: 'moby/Chmod',
    async run(stack) {
      const one = await stack.commit(undefined, (edit) => {
        edit.dir('dir');
        edit.file('dir/file', 'content', { mode: 0o644, mtimeNs: 1_200_000_000_000_000_003n });
      });
      const two = await stack.commit(one, (edit) => {
        edit.chmod('dir/file', 0o4711);
        edit.chmod('dir', 0o1700);
      });
      await stack.look(two, (edit) => {
        assert.equal(edit.mode('dir/file').toString(8), '4711');
        assert.equal(edit.mode('dir').toString(8), '1700');
        assert.equal(edit.read('dir/file'), 'content');
        assert.equal(edit.lstat('dir/file').mtimeNs, 1_200_000_000_000_000_003n, 'chmod changed the mtime');
      });
    },
  },
  {
    name: 'graphtest/CreateFromTemplate (a layer without changes)',
    async run(stack) {
      const template = await stack.commit(undefined, (edit) => edit.file('testfile.txt', 'template'));
      const copy = await stack.commit(template);
      assertSamePicture(await stack.picture(copy), await stack.picture(template), 'a layer without changes');
    },
  },
];
