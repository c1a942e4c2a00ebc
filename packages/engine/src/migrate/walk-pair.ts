import type { FileStat, Tree } from '@strata/core';
import { StrataError } from '@strata/core';

export interface Pair {
  /** Relative, raw bytes; the root is empty. */
  readonly path: Buffer;
  readonly source: FileStat;
  readonly target: FileStat | undefined;
}

/** What to do in a walk of the source. Directories are met before their content and again after it. */
export interface PairVisitor {
  /** Names the source lacks. */
  surplus(path: Buffer): void;
  enter(pair: Pair): Promise<void> | void;
  leave(pair: Pair): Promise<void> | void;
  node(pair: Pair): Promise<void>;
}

interface Frame {
  readonly pair: Pair;
  readonly names: Buffer[];
}

/** Both trees side by side, a directory in memory at a time and none on the stack, however deep they are. */
export async function walkPair(source: Tree, target: Tree, visitor: PairVisitor): Promise<void> {
  const look = (path: Buffer): Pair => {
    const stat = source.lstat(path);
    if (stat === undefined) throw changing(path);
    return { path, source: stat, target: target.lstat(path) };
  };
  const enter = async (pair: Pair): Promise<Frame> => {
    await visitor.enter(pair);
    const names = source.readdir(pair.path).map(({ name }) => name);
    const known = new Set(names.map((name) => name.toString('latin1')));
    for (const { name } of target.readdir(pair.path))
      if (!known.has(name.toString('latin1'))) visitor.surplus(child(pair.path, name));
    return { pair, names };
  };
  const stack = [await enter(look(Buffer.alloc(0)))];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const name = frame.names.pop();
    if (name === undefined) {
      stack.pop();
      await visitor.leave({ ...frame.pair, target: target.lstat(frame.pair.path) });
      continue;
    }
    const pair = look(child(frame.pair.path, name));
    if (pair.source.type === 'directory') stack.push(await enter(pair));
    else await visitor.node(pair);
  }
}

function child(directory: Buffer, name: Buffer): Buffer {
  return directory.length === 0 ? Buffer.from(name) : Buffer.concat([directory, Buffer.from('/'), name]);
}

function changing(path: Buffer): StrataError {
  return new StrataError(
    'unavailable',
    'FILE_CHANGED',
    `/${path.toString()} vanished while the container was being moved`,
    { hint: 'Stop what changes the container and try again' },
  );
}

/** One inode, whatever its name. */
export function inodeOf(stat: FileStat): string {
  return `${stat.device}:${stat.inode}`;
}
