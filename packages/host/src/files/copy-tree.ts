import { errnoOf, type FileStat, type TreeEntry } from '@strata/core';
import { native } from '../native.ts';
import { NativeTree } from '../tree/tree.ts';
import { type CopyState, copyContent } from './copy-content.ts';

const SLASH = Buffer.from('/');
const ROOT = Buffer.alloc(0);

interface Pending {
  readonly path: Buffer;
  /** Set once the directory is made: its times and attributes come after its entries. */
  readonly finish?: FileStat;
}

function child(directory: Buffer, entry: TreeEntry): Buffer {
  return directory.length === 0 ? Buffer.from(entry.name) : Buffer.concat([directory, SLASH, entry.name]);
}

/** A copy with all a filesystem stores: links, owners, times, attributes, nodes, holes. */
class TreeCopy implements Disposable {
  readonly #from: NativeTree;
  readonly #to: NativeTree;
  readonly #device: bigint;
  /** First copy of each inode that has several names. */
  readonly #linked = new Map<bigint, Buffer>();
  readonly #state: CopyState = { canClone: true };

  constructor(source: string, target: string) {
    this.#from = new NativeTree(source);
    this.#to = new NativeTree(target);
    this.#device = this.#stat(ROOT)!.device;
  }

  *steps(): Generator<void, void> {
    const pending: Pending[] = [];
    this.#enter(ROOT, this.#stat(ROOT)!, pending);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { path, finish } = next;
      yield;
      if (finish !== undefined) {
        this.#describe(path, finish);
        continue;
      }
      const stat = this.#stat(path);
      if (stat === undefined) continue;
      if (stat.type !== 'directory') this.#copy(path, stat);
      else {
        this.#to.mkdir(path);
        this.#enter(path, stat, pending);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#from.close();
    this.#to.close();
  }

  #stat(path: Buffer): FileStat | undefined {
    return this.#from.lstat(path);
  }

  /** Entries of this filesystem only; another one mounted below is an empty directory in the copy. */
  #enter(path: Buffer, stat: FileStat, pending: Pending[]): void {
    pending.push({ path, finish: stat });
    if (stat.device !== this.#device) return;
    for (const entry of this.#from.readdir(path)) pending.push({ path: child(path, entry) });
  }

  #copy(path: Buffer, stat: FileStat): void {
    if (stat.nlink > 1) {
      const first = this.#linked.get(stat.inode);
      if (first !== undefined) {
        this.#to.link(first, path);
        return;
      }
      this.#linked.set(stat.inode, path);
    }
    switch (stat.type) {
      case 'file':
        this.#file(path, stat);
        return;
      case 'symlink':
        this.#to.symlink(this.#from.readlink(path), path, stat);
        this.#attributes(path);
        return;
      case 'directory':
        return;
      default:
        this.#to.mknod(path, stat.type, stat, stat.major, stat.minor);
        this.#attributes(path);
    }
  }

  #file(path: Buffer, stat: FileStat): void {
    const to = this.#to.createFd(path);
    try {
      if (stat.size > 0) {
        const from = this.#from.openRead(path);
        try {
          copyContent(from, to, stat, this.#state);
        } finally {
          native().close(from);
        }
      }
      native().finishFile(to, stat.mode, stat.uid, stat.gid, stat.mtimeNs);
    } finally {
      native().close(to);
    }
    this.#attributes(path);
  }

  #describe(path: Buffer, stat: FileStat): void {
    this.#to.chown(path, stat.uid, stat.gid);
    this.#to.chmod(path, stat.mode);
    this.#attributes(path);
    this.#to.utimes(path, stat.mtimeNs);
  }

  #attributes(path: Buffer): void {
    for (const [name, value] of this.#from.xattrs(path)) {
      try {
        this.#to.setXattr(path, name, value);
      } catch (error) {
        // The target keeps no such attributes at all, or the kernel gives these only to files it labels itself.
        if (errnoOf(error) !== 'ENOTSUP' && !name.startsWith('security.selinux')) throw error;
      }
    }
  }
}

/** Copy the content and attributes of an existing directory into another existing, empty one. */
export function* copyTreeSteps(source: string, target: string): Generator<void, void> {
  using copy = new TreeCopy(source, target);
  yield* copy.steps();
}
