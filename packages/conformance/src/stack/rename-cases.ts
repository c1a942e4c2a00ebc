import assert from 'node:assert/strict';
import { errnoFrom } from '../runner/expect-error.ts';
import type { TreeEditor } from '../tree/tree-editor.ts';
import type { Change, StackCase } from './layer-stack.ts';

const lower: Change = (edit) => {
  for (const dir of ['dir1/sub', 'dir2', 'somefiles']) edit.dir(dir);
  for (const file of ['dir1/f', 'dir1/sub/g', 'somefiles/f1', 'somefiles/f2'])
    edit.file(file, `lower ${file}`);
};

function checkRenamed(edit: TreeEditor): void {
  assert.deepEqual(edit.names(), ['dir2', 'renamed', 'somefiles']);
  assert.deepEqual(edit.names('renamed'), ['f', 'new', 'sub']);
  assert.equal(edit.read('renamed/sub/g'), 'lower dir1/sub/g');
}

export const renameCases: readonly StackCase[] = [
  {
    name: 'containerd/Rename (files, moby#25409)',
    async run(stack) {
      const one = await stack.commit(undefined, lower);
      const two = await stack.commit(one, (edit) => {
        edit.rename('somefiles/f1', 'somefiles/moved');
        edit.rename('somefiles/f2', 'dir2/f2');
        edit.rename('dir1/f', 'somefiles/f1');
        edit.file('somefiles/upper', 'upper');
        edit.rename('somefiles/upper', 'dir1/sub/g');
      });
      const three = await stack.commit(two, (edit) => edit.rename('dir2/f2', 'somefiles/f2'));
      await stack.look(three, (edit) => {
        assert.deepEqual(edit.names('somefiles'), ['f1', 'f2', 'moved']);
        assert.deepEqual(edit.names('dir2'), []);
        assert.equal(edit.read('somefiles/f1'), 'lower dir1/f');
        assert.equal(edit.read('somefiles/moved'), 'lower somefiles/f1');
        assert.equal(edit.read('dir1/sub/g'), 'upper');
      });
    },
  },
  {
    name: 'containerd/Rename (directories)',
    excludedBy: ({ directoryRename }) =>
      directoryRename ? undefined : 'directoryRename is false: EXDEV, see strata/DirectoryRenameSaysExdev',
    async run(stack) {
      const one = await stack.commit(undefined, lower);
      const two = await stack.commit(one, (edit) => {
        edit.file('dir1/new', 'new');
        edit.rename('dir1', 'renamed');
      });
      const three = await stack.commit(two);
      await stack.look(three, checkRenamed);
      await stack.look(one, (edit) => assert.ok(edit.exists('dir1/sub/g'), 'the parent lost its directory'));
    },
  },
  {
    name: 'strata/DirectoryRenameSaysExdev',
    excludedBy: ({ directoryRename }) => (directoryRename ? 'directoryRename is true' : undefined),
    async run(stack) {
      const one = await stack.commit(undefined, lower);
      const two = await stack.commit(one, (edit) => {
        edit.file('dir1/new', 'new');
        assert.equal(
          errnoFrom(() => edit.rename('dir1', 'renamed')),
          'EXDEV',
        );
        assert.deepEqual(edit.names('dir1'), ['f', 'new', 'sub'], 'the refused rename moved something');
        edit.dir('own');
        edit.rename('own', 'own2'); // a directory of this layer can be renamed
        edit.removeAll('own2');
        copy(edit, 'dir1', 'renamed'); // what mv(1) does after EXDEV
        edit.removeAll('dir1');
      });
      await stack.look(await stack.commit(two), checkRenamed);
    },
  },
  {
    name: 'containerd/MoveFileFromLowerLayer',
    async run(stack) {
      const one = await stack.commit(undefined, (edit) => {
        edit.dir('dir1');
        edit.dir('dir2');
        edit.file('dir1/f1', 'f1');
        edit.file('dir2/f2', 'f2', { mode: 0o711 });
      });
      const two = await stack.commit(one, (edit) => {
        edit.link('dir1/f1', 'dir2/f1');
        edit.unlink('dir1/f1');
        edit.rename('dir2/f2', 'dir1/f2');
      });
      await stack.look(two, (edit) => {
        assert.deepEqual([edit.names('dir1'), edit.names('dir2')], [['f2'], ['f1']]);
        assert.deepEqual([edit.read('dir1/f2'), edit.read('dir2/f1')], ['f2', 'f1']);
        assert.equal(edit.mode('dir1/f2').toString(8), '711');
      });
      await stack.look(one, (edit) =>
        assert.deepEqual([edit.names('dir1'), edit.names('dir2')], [['f1'], ['f2']]),
      );
    },
  },
];

function copy(edit: TreeEditor, from: string, to: string): void {
  edit.dir(to, { mode: edit.mode(from) });
  for (const name of edit.names(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (edit.lstat(source).isDirectory()) copy(edit, source, target);
    else edit.file(target, edit.read(source), { mode: edit.mode(source) });
  }
}
