import assert from 'node:assert/strict';
import type { TreeEditor } from '../tree/tree-editor.ts';
import { assertSamePicture, takePicture } from '../tree/tree-picture.ts';
import { fillZoo } from '../tree/tree-zoo.ts';
import type { LayerCase } from './layer-suite.ts';
import { type Entry, unpackImage } from './unpack-image.ts';

const WHITEOUTS: readonly (readonly Entry[])[] = [
  [
    ...['a/x', 'a/y', 'b/old', 'c/d/e/f', 'gone', 'flip', 'late/1'].map((file): Entry => ({ file })),
    { dir: 'empty' },
  ],
  [
    { whiteout: 'gone' },
    { whiteout: 'a/x' },
    { opaque: 'b' },
    { file: 'b/new' },
    { whiteout: 'flip' },
    { whiteout: 'never-there' },
  ],
  [
    { dir: 'gone' },
    { file: 'gone/back' },
    { file: 'a/z' },
    { whiteout: 'c/d' },
    { file: 'flip', content: 'again' },
  ],
  [{ whiteout: 'a' }, { opaque: 'late' }],
];

/** Every file and directory, depth first. */
function paths(edit: TreeEditor, directory = '.'): string[] {
  return edit.names(directory).flatMap((name) => {
    const path = directory === '.' ? name : `${directory}/${name}`;
    return edit.lstat(path).isDirectory() ? [`${path}/`, ...paths(edit, path)] : [path];
  });
}

export const unpackCases: readonly LayerCase[] = [
  {
    name: 'strata/WhiteoutsOfAnImage (containerd#13030)',
    async run(context) {
      const ids = await unpackImage(context, WHITEOUTS);
      const top = await context.prepare(ids.at(-1));
      const expected = ['b/', 'b/new', 'c/', 'empty/', 'flip', 'gone/', 'gone/back', 'late/'];
      await context.edit(top, (edit) => assert.deepEqual(paths(edit), expected, 'in a container'));
      await context.look(ids[3]!, (edit) => assert.deepEqual(paths(edit), expected, 'in the image'));
      await context.look(ids[1]!, (edit) => {
        const second = [
          'a/',
          'a/y',
          'b/',
          'b/new',
          'c/',
          'c/d/',
          'c/d/e/',
          'c/d/e/f',
          'empty/',
          'late/',
          'late/1',
        ];
        assert.deepEqual(paths(edit), second, 'after the second layer');
      });
      await context.look(ids[0]!, (edit) => assert.ok(edit.exists('gone'), 'the first layer was changed'));
    },
  },
  {
    name: 'strata/OpaqueRoot (umoci opaque whiteouts)',
    async run(context) {
      const ids = await unpackImage(context, [
        [{ file: 'one' }, { file: 'dir/one' }],
        [{ file: 'two' }],
        [{ opaque: '.' }, { file: 'three' }],
        [{ file: 'four' }],
      ]);
      await context.look(ids[3]!, (edit) => assert.deepEqual(paths(edit), ['four', 'three']));
      await context.look(ids[2]!, (edit) => assert.deepEqual(paths(edit), ['three']));
      await context.look(ids[1]!, (edit) => assert.deepEqual(paths(edit), ['dir/', 'dir/one', 'one', 'two']));
      const top = await context.prepare(ids[3]);
      await context.edit(top, (edit) => assert.deepEqual(paths(edit), ['four', 'three']));
      const own = await context.prepare(ids[2]);
      await context.edit(own, (edit) => edit.file('dir', 'a file now'));
      await context.edit(own, (edit) => assert.deepEqual(paths(edit), ['dir', 'three']));
    },
  },
  {
    name: 'strata/RootOfAnUnpackedLayer',
    async run(context) {
      const ids = await unpackImage(context, [
        [{ change: (edit) => edit.attributes('.', { mode: 0o711, uid: 5, gid: 6, mtimeNs: 1n }) }],
        [{ file: 'no-entry-for-the-root' }],
        [],
        [
          { file: 'x' },
          { change: (edit) => edit.attributes('.', { mode: 0o700, uid: 0, gid: 0, mtimeNs: 2n }) },
        ],
        [{ dir: 'y' }],
      ]);
      for (const [n, expected] of [
        [0, '711'],
        [1, '711'],
        [2, '711'],
        [3, '700'],
        [4, '700'],
      ] as const) {
        await context.look(ids[n]!, (edit) =>
          assert.equal(edit.mode('.').toString(8), expected, `layer ${n + 1}`),
        );
      }
      await context.look(ids[2]!, (edit) => assert.equal(edit.lstat('.').uid, 5n));
    },
  },
  {
    name: 'strata/UnpackedIsWhatIsSeen',
    async run(context) {
      let unpacked: ReturnType<typeof takePicture> | undefined;
      const change = (edit: TreeEditor) => {
        fillZoo(edit);
        edit.attributes('.', { mtimeNs: 1_400_000_000_000_000_005n });
        unpacked = takePicture(edit.tree, edit.directory);
      };
      const [base, top] = await unpackImage(context, [[{ change }], []]);
      assertSamePicture(await context.picture(base!), unpacked!, 'the layer');
      assertSamePicture(await context.picture(top!), unpacked!, 'an empty layer on it');
    },
  },
  {
    name: 'strata/UnpackHundredAndTwentyEightLayers',
    async run(context) {
      const image = Array.from({ length: 128 }, (_, n): Entry[] => [
        { file: `file${n}` },
        { file: 'shared', content: String(n) },
        ...(n >= 8 ? [{ whiteout: `file${n - 8}` }] : []),
      ]);
      const ids = await unpackImage(context, image);
      await context.look(ids[127]!, (edit) => {
        assert.equal(edit.names().length, 9);
        assert.equal(edit.read('shared'), '127');
      });
      const container = await context.prepare(ids[126]);
      await context.edit(container, (edit) => {
        assert.equal(edit.read('shared'), '126');
        edit.append('shared', '!');
      });
    },
  },
];
