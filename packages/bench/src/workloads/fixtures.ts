/** What several workloads read and none changes: made once per driver, at its first use. */

import { join } from 'node:path';
import type { Layer } from '@strata/core';
import { type TreeShape, writeLarge, writeTree } from '../stage/content.ts';
import type { Subject } from '../stage/subject.ts';

/** In the lowest layer of the deep stack. */
export const DEEP_TREE: TreeShape = { files: 256, directories: 16, size: 4096 };
const DEPTH = 128;

/** 128 layers, lowest first; each adds a file to two of the lowest layer's directories. */
export function deepStack(subject: Subject, signal: AbortSignal): Promise<readonly Layer[]> {
  return subject.share('deep-stack', async () => {
    const { layers, driver } = subject;
    const stack: Layer[] = [];
    const deepest = Math.min(DEPTH, driver.capabilities.maxDepth - 1);
    while (stack.length < deepest) {
      signal.throwIfAborted();
      const parents = stack.map(({ id }) => id).reverse();
      const at = stack.length;
      stack.push(
        await layers.committed(parents, (directory) =>
          writeTree(
            directory,
            at === 0 ? DEEP_TREE : { files: 2, directories: 2, size: 1024, prefix: `l${at}-` },
          ),
        ),
      );
    }
    return stack;
  });
}

/** Ids of the lowest `depth` layers as parents, nearest first; undefined when the stack is not that deep. */
export function parentsOf(stack: readonly Layer[], depth: number): string[] | undefined {
  if (depth > stack.length) return undefined;
  return stack
    .slice(0, depth)
    .map(({ id }) => id)
    .reverse();
}

export const WIDE_TREE: TreeShape = { files: 2000, directories: 50, size: 4096 };

/** One committed layer with 2,000 small files in 50 directories. */
export function wideTree(subject: Subject): Promise<readonly string[]> {
  return subject.share('wide-tree', async () => {
    const { id } = await subject.layers.committed([], (directory) => writeTree(directory, WIDE_TREE));
    return [id];
  });
}

export const LARGE = 'large';
export const LARGE_MIB = 64;

/** One committed layer with a file of 64 MiB. */
export function largeFile(subject: Subject): Promise<readonly string[]> {
  return subject.share('large-file', async () => {
    const { id } = await subject.layers.committed([], (directory) =>
      writeLarge(join(directory, LARGE), LARGE_MIB),
    );
    return [id];
  });
}
