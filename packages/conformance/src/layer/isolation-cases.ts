import assert from 'node:assert/strict';
import { isStrataError } from '@strata/core';
import { errnoFrom } from '../runner/expect-error.ts';
import type { TreeEditor } from '../tree/tree-editor.ts';
import { assertSamePicture } from '../tree/tree-picture.ts';
import { fillZoo } from '../tree/tree-zoo.ts';
import type { LayerContext } from './layer-context.ts';
import type { LayerCase } from './layer-suite.ts';

/** Every way a program can change what it inherited. */
const changes: Readonly<Record<string, (edit: TreeEditor) => void>> = {
  'rewriting bytes in place': (edit) => edit.overwrite('etc/passwd', 0, 'TOOR'),
  appending: (edit) => edit.append('etc/passwd', 'more\n'),
  truncating: (edit) => edit.truncate('bin/su', 1),
  'changing a mode': (edit) => edit.chmod('bin/su', 0o600),
  'changing the mode of a directory': (edit) => edit.chmod('etc', 0o700),
  'changing an owner': (edit) => edit.chown('etc/shadow', 99, 99),
  'changing the owner of a link': (edit) => edit.chown('links/dangling', 99, 99),
  'changing a time': (edit) => edit.attributes('etc/passwd', { mtimeNs: 1n }),
  'setting an xattr': (edit) => edit.xattr('etc/passwd', 'trusted.strata-test', 'other'),
  'adding a name': (edit) => edit.file('etc/new', 'new'),
  'adding a hard link': (edit) => edit.link('links/one', 'links/four'),
  'writing through a hard link': (edit) => edit.overwrite('links/two', 0, 'LINKED'),
  'removing a hard link': (edit) => edit.unlink('etc/three'),
  'removing a file': (edit) => edit.unlink('old'),
  'removing a tree': (edit) => edit.removeAll('home'),
  'renaming a file': (edit) => edit.rename('future', 'past'),
  'renaming over a file': (edit) => edit.rename('empty', 'etc/passwd'),
  'changing the root directory': (edit) => edit.attributes('.', { mode: 0o700, uid: 9, gid: 9, mtimeNs: 9n }),
};

export const isolationCases: readonly LayerCase[] = [
  {
    name: 'strata/WritingToAChildChangesNoOther',
    async run(context) {
      const base = await context.commit(undefined, fillZoo);
      const sibling = await context.commit(base);
      const before = await context.picture(base);
      for (const [what, change] of Object.entries(changes)) {
        const child = await context.prepare(base);
        await context.edit(child, change);
        assertSamePicture(await context.picture(base), before, `${what} in a child changed its parent`);
        assertSamePicture(await context.picture(sibling), before, `${what} in a child changed its sibling`);
        await context.remove(child);
      }
    },
  },
  {
    name: 'strata/LinkCountsAreIsolated',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('file', 'x'));
      const child = await context.prepare(base);
      await context.edit(child, (edit) => edit.link('file', 'second'));
      await context.look(base, (edit) =>
        assert.equal(edit.lstat('file').nlink, 1n, 'a hard link leads out of the layer'),
      );
    },
  },
  {
    name: 'strata/ActiveSiblingsDoNotMeet',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('shared', 'base'));
      const [one, two] = [await context.prepare(base), await context.prepare(base)];
      await context.edit(one, async (first) => {
        await context.edit(two, (second) => {
          first.overwrite('shared', 0, 'ONE!');
          second.file('second', '2');
          first.file('first', '1');
          assert.deepEqual(second.names(), ['second', 'shared']);
          assert.equal(second.read('shared'), 'base');
        });
      });
      await context.edit(one, (edit) => assert.deepEqual(edit.names(), ['first', 'shared']));
    },
  },
  {
    name: 'strata/ASealedLayerCannotBeWritten',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('file', 'x'));
      const child = await context.commit(base, (edit) => edit.file('child', 'x'));
      for (const id of [base, child]) await cannotWrite(context, id);
    },
  },
  {
    name: 'containerd/ViewReadonly',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('file', 'x'));
      const child = await context.commit(base, (edit) => edit.file('child', 'x'));
      for (const id of [base, child, await context.prepare(child)]) {
        await context.look(id, (edit) => {
          assert.equal(
            errnoFrom(() => edit.file('new', 'x')),
            'EROFS',
          );
          assert.equal(
            errnoFrom(() => edit.append('file', 'x')),
            'EROFS',
          );
          assert.equal(
            errnoFrom(() => edit.unlink('file')),
            'EROFS',
          );
          assert.equal(
            errnoFrom(() => edit.chmod('.', 0o700)),
            'EROFS',
          );
        });
      }
    },
  },
];

/** Either no writable mount is given (failed-precondition), or the filesystem refuses the write. */
async function cannotWrite(context: LayerContext, id: string): Promise<void> {
  const before = await context.picture(id);
  let written: string | undefined;
  try {
    written = await context.edit(id, (edit) => errnoFrom(() => edit.file('late', 'x')));
  } catch (error) {
    assert.ok(
      isStrataError(error, 'failed-precondition'),
      `a writable mount was refused with ${String(error)}`,
    );
    return;
  }
  assert.equal(written, 'EROFS', 'a file was made in a sealed layer');
  assertSamePicture(await context.picture(id), before, 'a sealed layer changed');
}
