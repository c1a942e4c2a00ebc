/** Deep stacks, and the difference between two layers. */
import assert from 'node:assert/strict';
import type { TreeEditor } from '../tree/tree-editor.ts';
import type { TreePicture } from '../tree/tree-picture.ts';
import type { LayerStack, StackCase } from './layer-stack.ts';

const DEEP = 128;
const WITHOUT_TIMES = { ignoreDirectoryTimes: true } as const;

export const depthCases: readonly StackCase[] = [
  {
    name: 'containerd/128LayersMount',
    async run(stack) {
      const flat = new Map<string, string>();
      let id: string | undefined;
      for (let n = 1; n <= DEEP - 1; n += 1) {
        id = await stack.commit(id, (edit) => {
          assert.deepEqual(contents(edit), Object.fromEntries(flat), `below layer ${n}`);
          applyStep(edit, flat, n);
        });
      }
      const top = await stack.prepare(id);
      await stack.edit(top, (edit) => applyStep(edit, flat, DEEP));
      await stack.edit(top, (edit) => assert.deepEqual(contents(edit), Object.fromEntries(flat)));
      assert.ok(id !== undefined);
      await stack.look(id, (edit) => assert.equal(edit.read('every-layer'), `layer ${DEEP - 1}`));
    },
  },
  {
    name: 'graphtest/DeepLayerRead',
    async run(stack) {
      let id = await stack.commit(undefined, (edit) => edit.file('testfile', 'base'));
      for (let n = 1; n < DEEP - 1; n += 1) {
        id = await stack.commit(id, (edit) => {
          edit.dir(`layer-${n}`);
          edit.file(`layer-${n}/file`, String(n));
        });
      }
      await stack.look(id, (edit) => {
        assert.equal(edit.read('testfile'), 'base');
        for (let n = 1; n < DEEP - 1; n += 1) assert.equal(edit.read(`layer-${n}/file`), String(n));
      });
    },
  },
  {
    name: 'graphtest/Changes (by comparison)',
    async run(stack) {
      const base = await stack.commit(undefined, (edit) => {
        for (let n = 0; n < 20; n += 1) edit.file(`file-${n}`, String(n));
      });
      const top = await stack.commit(base, (edit) => {
        edit.unlink('file-1');
        edit.file('file-2', 'changed');
        edit.chmod('file-3', 0o600);
        edit.file('new', 'new');
      });
      assert.deepEqual(await difference(stack, base, top), ['A new', 'D file-1', 'M file-2', 'M file-3']);
    },
  },
  {
    name: 'graphtest/Echo',
    async run(stack) {
      const levels = Array.from({ length: 10 }, (_, n) => n);
      const at = (depth: number) => levels.slice(0, depth + 1).join('/');
      const base = await stack.commit(undefined, (edit) => {
        for (const depth of levels) {
          edit.dir(at(depth));
          edit.file(`${at(depth)}/file`, String(depth));
        }
      });
      for (const depth of [0, 4, 9]) {
        const removed = await stack.commit(base, (edit) => edit.removeAll(at(depth)));
        const gone = levels.slice(depth).flatMap((n) => [`D ${at(n)}`, `D ${at(n)}/file`]);
        assert.deepEqual(await difference(stack, base, removed), gone.sort(), `removal at depth ${depth}`);
        const again = await stack.commit(removed, (edit) => {
          edit.dir(at(depth));
          edit.file(`${at(depth)}/other`, 'other');
        });
        const expected = [`A ${at(depth)}`, `A ${at(depth)}/other`];
        assert.deepEqual(await difference(stack, removed, again), expected, `re-creation at depth ${depth}`);
        await stack.look(again, (edit) => assert.deepEqual(edit.names(at(depth)), ['other']));
        await stack.remove(again);
        await stack.remove(removed);
      }
    },
  },
  {
    name: 'graphtest/DiffApply',
    async run(stack) {
      const base = await stack.commit(undefined, (edit) => {
        for (let n = 0; n < 30; n += 1) edit.file(`file-${n}`, String(n), { mtimeNs: BigInt(n) });
        edit.dir('dir/sub');
        edit.file('dir/sub/inner', 'inner');
      });
      const upper = await stack.commit(base, (edit) => {
        edit.removeAll('dir');
        edit.file('dir', 'a file now', { mtimeNs: 5n });
        edit.unlink('file-7');
        edit.file('file-8', 'changed', { mtimeNs: 8n });
      });
      const changes = await difference(stack, base, upper);
      const sibling = await stack.commit(base, (edit) => {
        for (const change of changes.filter((each) => each.startsWith('D')).reverse())
          edit.removeAll(change.slice(2));
        return stack.look(upper, (source) => {
          for (const path of changes.filter((each) => !each.startsWith('D')).map((each) => each.slice(2))) {
            edit.removeAll(path);
            edit.file(path, source.read(path), {
              mode: source.mode(path),
              mtimeNs: source.lstat(path).mtimeNs,
            });
          }
        });
      });
      assert.deepEqual(await difference(stack, upper, sibling), [], 'the diff applied to a sibling');
    },
  },
];

function applyStep(edit: TreeEditor, flat: Map<string, string>, n: number): void {
  const put = (path: string, content: string) => {
    edit.file(path, content);
    flat.set(path, content);
  };
  put('every-layer', `layer ${n}`);
  put(`file-${n}`, String(n));
  if (n > 12) {
    edit.unlink(`file-${n - 12}`);
    flat.delete(`file-${n - 12}`);
  }
  if (n % 10 === 0) put(`file-${n - 5}`, `changed by ${n}`);
}

function contents(edit: TreeEditor): Record<string, string> {
  return Object.fromEntries(edit.names().map((name) => [name, edit.read(name)]));
}

/** `A`dded, `D`eleted and `M`odified paths, sorted; directories that only got other entries do not count. */
async function difference(stack: LayerStack, lower: string, upper: string): Promise<string[]> {
  const [before, after]: TreePicture[] = [
    await stack.picture(lower, WITHOUT_TIMES),
    await stack.picture(upper, WITHOUT_TIMES),
  ];
  const lines: string[] = [];
  for (const [path, facts] of after!) {
    if (!before!.has(path)) lines.push(`A ${path}`);
    else if (before!.get(path) !== facts) lines.push(`M ${path}`);
  }
  for (const path of before!.keys()) if (!after!.has(path)) lines.push(`D ${path}`);
  return lines.sort();
}
