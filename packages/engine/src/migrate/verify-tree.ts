import { StrataError, type Tree } from '@strata/core';
import { differenceOf } from './compare-node.ts';
import type { Pulse } from './pulse.ts';
import { inodeOf, type Pair, walkPair } from './walk-pair.ts';

/**
 * Every name, content, owner, mode, time to the nanosecond, attribute and hard link of two trees, compared without
 * regard to how the second came to be.
 * @throws data-loss `MIGRATE_MISMATCH` naming the first difference
 */
export async function verifyTree(source: Tree, target: Tree, pulse: Pulse): Promise<number> {
  const links = new Links();
  let entries = 0;
  const check = async ({ path, source: stat, target: found }: Pair) => {
    await pulse.beat();
    entries += 1;
    if (found === undefined) throw mismatch(path, 'is missing from');
    const difference = await differenceOf(
      { tree: source, path, stat },
      { tree: target, path, stat: found },
      pulse,
    );
    if (difference !== undefined) throw mismatch(path, `has another ${difference} in`);
    if (stat.type !== 'directory' && !links.match(stat, found))
      throw mismatch(path, 'is linked otherwise in');
  };
  await walkPair(source, target, {
    surplus: (path) => {
      throw mismatch(path, 'should not be in');
    },
    enter: ({ path, target: found }) => {
      if (found?.type !== 'directory') throw mismatch(path, 'is no directory in');
    },
    leave: check,
    node: check,
  });
  return entries;
}

/** Names share an inode here if and only if they do there. Link counts do not tell: an overlay's include hidden names. */
class Links {
  readonly #there = new Map<string, string>();
  readonly #here = new Map<string, string>();

  match(here: Pair['source'], there: Pair['source']): boolean {
    if (here.nlink < 2 && there.nlink < 2) return true;
    const a = inodeOf(here);
    const b = inodeOf(there);
    if ((this.#there.get(a) ?? b) !== b || (this.#here.get(b) ?? a) !== a) return false;
    this.#there.set(a, b);
    this.#here.set(b, a);
    return true;
  }
}

function mismatch(path: Buffer, what: string): StrataError {
  return new StrataError(
    'data-loss',
    'MIGRATE_MISMATCH',
    `The copy was thrown away: /${path.toString()} ${what} it`,
    { hint: 'The container stays where it was. Check the disk of the other driver, then try again' },
  );
}
