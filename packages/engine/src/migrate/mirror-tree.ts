/**
 * Make one mounted tree like another. The target starts as the image and is mounted writable, so the target driver's
 * own filesystem turns deletions and replaced directories into whatever it keeps for them.
 */
import { errnoOf, isStrataError, StrataError, type Tree } from '@strata/core';
import { differenceOf, isMetadata } from './compare-node.ts';
import type { Pulse } from './pulse.ts';
import { createNode, giveMetadata } from './put-node.ts';
import { inodeOf, type Pair, type PairVisitor, walkPair } from './walk-pair.ts';

export interface Mirrored {
  /** Names made, changed or removed. */
  readonly changes: number;
  /** Of the files written. */
  readonly bytes: number;
}

/** @throws resource-exhausted `MIGRATE_NO_SPACE`, `MIGRATE_SIZE_LIMIT`; failed-precondition `MIGRATE_FILE_UNSUPPORTED`; aborted */
export async function mirrorTree(source: Tree, target: Tree, pulse: Pulse): Promise<Mirrored> {
  const mirror = new Mirror(source, target, pulse);
  await walkPair(source, target, mirror);
  return mirror;
}

class Mirror implements PairVisitor {
  changes = 0;
  bytes = 0;
  readonly #source: Tree;
  readonly #target: Tree;
  readonly #pulse: Pulse;
  /** First name of each source inode that has several. */
  readonly #first = new Map<string, Buffer>();
  /** Which source inode a target inode with several names stands for. */
  readonly #standsFor = new Map<string, string>();

  constructor(source: Tree, target: Tree, pulse: Pulse) {
    this.#source = source;
    this.#target = target;
    this.#pulse = pulse;
  }

  surplus(path: Buffer): void {
    this.changes += 1;
    this.#naming(path, () => this.#target.remove(path));
  }

  async enter({ path, source, target }: Pair): Promise<void> {
    await this.#pulse.beat();
    if (target?.type === 'directory') return;
    await this.#replace({ path, source, target });
  }

  /** After its content, which changes its time. */
  async leave({ path, source, target }: Pair): Promise<void> {
    if (target === undefined) return;
    const place = { tree: this.#source, path, stat: source };
    const found = { tree: this.#target, path, stat: target };
    if ((await differenceOf(place, found, this.#pulse)) === undefined) return;
    this.#naming(path, () => giveMetadata(place, this.#target));
  }

  async node(pair: Pair): Promise<void> {
    await this.#pulse.beat();
    const { path, source } = pair;
    const first = source.nlink > 1 ? this.#first.get(inodeOf(source)) : undefined;
    if (first !== undefined) return this.#link(pair, first);
    if (!this.#isTaken(pair)) await this.#settle(pair);
    else await this.#replace(pair);
    this.#remember(path, pair);
  }

  /** The target's inode has another name that stands for another file. */
  #isTaken({ source, target }: Pair): boolean {
    if (target === undefined || target.nlink < 2) return false;
    const other = this.#standsFor.get(inodeOf(target));
    return other !== undefined && other !== inodeOf(source);
  }

  async #settle({ path, source, target }: Pair): Promise<void> {
    if (target === undefined) return this.#replace({ path, source, target });
    const place = { tree: this.#source, path, stat: source };
    const difference = await differenceOf(place, { tree: this.#target, path, stat: target }, this.#pulse);
    if (difference === undefined) return;
    // In place, a driver that shares blocks goes on sharing them.
    if (!isMetadata(difference) || target.nlink > 1) return this.#replace({ path, source, target });
    this.changes += 1;
    this.#naming(path, () => giveMetadata(place, this.#target));
  }

  #link({ path, target }: Pair, first: Buffer): void {
    const wanted = this.#target.lstat(first);
    if (wanted !== undefined && target !== undefined && inodeOf(wanted) === inodeOf(target)) return;
    this.changes += 1;
    this.#naming(path, () => {
      if (target !== undefined) this.#target.remove(path);
      this.#target.link(first, path);
    });
  }

  #remember(path: Buffer, { source }: Pair): void {
    if (source.nlink > 1) this.#first.set(inodeOf(source), path);
    const now = this.#target.lstat(path);
    if (now !== undefined && now.nlink > 1) this.#standsFor.set(inodeOf(now), inodeOf(source));
  }

  async #replace({ path, source, target }: Pair): Promise<void> {
    this.changes += 1;
    if (source.type === 'file') this.bytes += source.size;
    try {
      if (target !== undefined) this.#target.remove(path);
      await createNode({ tree: this.#source, path, stat: source }, this.#target, this.#pulse);
    } catch (error) {
      throw failure(error, path);
    }
  }

  #naming(path: Buffer, act: () => void): void {
    try {
      act();
    } catch (error) {
      throw failure(error, path);
    }
  }
}

function failure(error: unknown, path: Buffer): unknown {
  if (isStrataError(error)) return error;
  const errno = errnoOf(error) ?? String(error);
  if (errno === 'EDQUOT')
    return new StrataError(
      'resource-exhausted',
      'MIGRATE_SIZE_LIMIT',
      'What the container has written does not fit in its size limit on the other driver',
      { hint: 'Free some of it first; the container stays where it was', cause: error },
    );
  if (errno === 'ENOSPC')
    return new StrataError(
      'resource-exhausted',
      'MIGRATE_NO_SPACE',
      'No space left to move the container to',
      {
        hint: 'Free some with strata rm, strata rmi or strata image prune; the container stays where it was',
        cause: error,
      },
    );
  return new StrataError(
    'failed-precondition',
    'MIGRATE_FILE_UNSUPPORTED',
    `/${path.toString()} cannot be kept by the other driver (${errno})`,
    { hint: 'Remove the file or choose another driver; the container stays where it was', cause: error },
  );
}
