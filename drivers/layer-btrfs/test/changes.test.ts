/** The names btrfs tells must be enough: with them the comparison finds what comparing whole trees finds. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { diffTrees } from '@strata/archive';
import { hasChanges, type Layer } from '@strata/core';
import { createHost } from '@strata/host';
import { createLoopFilesystem } from '@strata/test-fixtures';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import definition from '../src/index.ts';

const filesystem = await createLoopFilesystem({ type: 'btrfs' });
afterAll(() => filesystem.dispose());
const host = createHost();

/** Few names, so that things are replaced by other things all the time. */
const name = fc.constantFrom('a', 'b', 'c', 'a/a', 'a/b', 'b/a', 'b/c', 'a/b/c', 'b/c/a');
const step = fc.oneof(
  fc.record({
    do: fc.constantFrom('file', 'dir', 'rm', 'link', 'symlink', 'chmod', 'touch'),
    path: name,
    to: name,
  }),
  fc.record({ do: fc.constant('rename'), path: name, to: name }),
);

function perform(tree: string, { do: what, path, to }: { do: string; path: string; to: string }): void {
  const [at, other] = [`${tree}/${path}`, `${tree}/${to}`];
  const actions: Record<string, () => void> = {
    file: () => writeFileSync(at, `${what} ${to}`),
    dir: () => mkdirSync(at),
    rm: () => rmSync(at, { recursive: true, force: true }),
    link: () => linkSync(at, other),
    symlink: () => symlinkSync(to, at),
    chmod: () => chmodSync(at, 0o700),
    touch: () => lutimesSync(at, 1, 2),
    rename: () => {
      if (!other.startsWith(`${at}/`) && !at.startsWith(`${other}/`))
        rmSync(other, { recursive: true, force: true });
      renameSync(at, other);
    },
  };
  try {
    actions[what]?.();
  } catch {
    // No such file, one that is in the way: the next step will do.
  }
}

function differences(lower: string, upper: string, candidates?: readonly Uint8Array[]): string[] {
  using before = host.files.openTree(lower);
  using after = host.files.openTree(upper);
  const options = candidates === undefined ? {} : { candidates };
  return [...diffTrees(before, after, options)].map(({ kind, path }) => `${kind} ${path}`);
}

const context = (root: string) => {
  const signal = new AbortController().signal;
  return { root, runDirectory: root, options: {}, host, log: host.log, signal };
};

async function tellsAll(steps: { first: Step[]; later: Step[] }): Promise<void> {
  const root = mkdtempSync(`${filesystem.directory}/root-`);
  const driver = await definition.create(context(root));
  const child: Layer = { id: 'child', parents: ['base'] };
  await driver.create({ id: 'base', parents: [] });
  for (const each of steps.first) perform(`${root}/base`, each);
  await driver.seal({ id: 'base', parents: [] });
  await driver.create(child);
  for (const each of steps.later) perform(`${root}/child`, each);
  if (!hasChanges(driver)) throw new Error('no native changes');
  const changes = await driver.changes(child);
  if (changes.kind !== 'candidates') throw new Error(changes.kind);
  const candidates = await collect(changes.paths);
  expect(differences(`${root}/base`, `${root}/child`, candidates)).toEqual(
    differences(`${root}/base`, `${root}/child`),
  );
  for (const id of ['child', 'base']) await driver.remove(id);
  await driver.cleanup();
  expect(readdirSync(root)).toEqual([]);
}

async function collect(paths: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const path of paths) all.push(path);
  return all;
}

type Step = Parameters<typeof perform>[1];

/** Found by this test and by thinking: a directory in place of another, and a file that is told of by another name. */
const examples: [{ first: Step[]; later: Step[] }][] = [
  [
    {
      first: [
        { do: 'dir', path: 'a', to: 'a' },
        { do: 'file', path: 'a/b', to: 'a' },
        { do: 'dir', path: 'b', to: 'a' },
        { do: 'file', path: 'b/c', to: 'a' },
      ],
      later: [{ do: 'rename', path: 'a', to: 'b' }],
    },
  ],
  [
    {
      first: [
        { do: 'file', path: 'a', to: 'a' },
        { do: 'link', path: 'a', to: 'b' },
      ],
      later: [{ do: 'file', path: 'a', to: 'other' }],
    },
  ],
];

test('whatever was renamed, replaced and removed', { timeout: 120_000 }, async () => {
  const steps = fc.record({
    first: fc.array(step, { minLength: 4, maxLength: 20 }),
    later: fc.array(step, { minLength: 1, maxLength: 20 }),
  });
  await fc.assert(fc.asyncProperty(steps, tellsAll), { numRuns: 100, seed: 7, examples });
});

test('what lies in a subvolume that was made inside', async () => {
  const root = mkdtempSync(`${filesystem.directory}/root-`);
  const driver = await definition.create(context(root));
  await driver.create({ id: 'base', parents: [] });
  await driver.seal({ id: 'base', parents: [] });
  const child: Layer = { id: 'child', parents: ['base'] };
  await driver.create(child);
  execFileSync('btrfs', ['subvolume', 'create', `${root}/child/inside`]);
  writeFileSync(`${root}/child/inside/file`, 'x');
  if (!hasChanges(driver)) throw new Error('no native changes');
  const changes = await driver.changes(child);
  const candidates = changes.kind === 'candidates' ? await collect(changes.paths) : [];
  expect(differences(`${root}/base`, `${root}/child`, candidates)).toEqual(['A inside', 'A inside/file']);
});
