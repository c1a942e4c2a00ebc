import { constants, readSync } from 'node:fs';
import { errnoOf, type FileStat } from '@strata/core';
import { native } from '../native.ts';
import { chmodAt } from '../tree/chmod.ts';
import { DirStack, isMountPoint } from '../tree/dir-stack.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_PATH, OPEN_DIRECTORY_PATH } from '../tree/flags.ts';
import { HERE } from '../tree/paths.ts';
import { reopenRegular } from '../tree/read.ts';
import { mustStatAt, S_IF, statAt } from '../tree/stat.ts';
import { NativeTree } from '../tree/tree.ts';
import { readXattrs } from '../tree/xattrs.ts';
import { type CopyState, copyContent } from './copy-content.ts';

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Up to here a file goes through memory in two calls, which beats opening it for copy_file_range(2). */
const SMALL = 256 << 10;

/** A copy with all a filesystem stores: links, owners, times, attributes, nodes, holes. */
class TreeCopy implements Disposable {
  readonly #roots: readonly [from: number, to: number];
  readonly #from: DirStack;
  readonly #to: DirStack;
  /** For hard links only: the one case that needs a second place in the copy. */
  readonly #links: NativeTree;
  /** First copy of each inode that has several names. */
  readonly #linked = new Map<bigint, Buffer>();
  /** Of the directories on the stack: applied when they are left, as their entries change their times. */
  readonly #stats: FileStat[] = [];
  readonly #state: CopyState = { canClone: true };
  readonly #small = Buffer.allocUnsafe(SMALL);

  constructor(source: string, target: string) {
    const from = native().open(AT_FDCWD, source, OPEN_DIRECTORY_PATH, 0);
    const to = native().open(AT_FDCWD, target, OPEN_DIRECTORY_PATH, 0);
    this.#roots = [from, to];
    this.#from = new DirStack(from);
    this.#to = new DirStack(to);
    this.#links = new NativeTree(target);
  }

  *steps(): Generator<void, void> {
    this.#enter(HERE, mustStatAt(this.#from.fd, HERE, AT_SYMLINK_NOFOLLOW));
    while (this.#from.depth > 0) {
      const entry = this.#from.entries.pop();
      if (entry === undefined) this.#leave();
      else this.#copy(entry.name);
      yield;
    }
  }

  [Symbol.dispose](): void {
    this.#from[Symbol.dispose]();
    this.#to[Symbol.dispose]();
    this.#links.close();
    for (const fd of this.#roots) native().close(fd);
  }

  /** Another filesystem mounted below is an empty directory in the copy. */
  #enter(name: Buffer, stat: FileStat): void {
    try {
      this.#from.enter(name);
    } catch (error) {
      if (!isMountPoint(error)) throw error;
      this.#describe(name, stat);
      return;
    }
    this.#to.enter(name);
    this.#stats.push(stat);
  }

  #leave(): void {
    const name = this.#from.leave();
    this.#to.leave();
    this.#describe(name, this.#stats.pop()!);
  }

  #copy(name: Buffer): void {
    const stat = statAt(this.#from.fd, name, AT_SYMLINK_NOFOLLOW);
    if (stat === undefined || this.#isLinked(name, stat)) return;
    switch (stat.type) {
      case 'directory':
        native().mkdir(this.#to.fd, name, 0o700);
        this.#enter(name, stat);
        return;
      case 'file':
        this.#file(name, stat);
        this.#attributes(name);
        return;
      case 'symlink':
        native().symlink(native().readlink(this.#from.fd, name), this.#to.fd, name);
        break;
      default:
        native().mknod(this.#to.fd, name, S_IF[stat.type] | 0o600, stat.major, stat.minor);
    }
    this.#describe(name, stat);
  }

  #isLinked(name: Buffer, stat: FileStat): boolean {
    if (stat.nlink < 2 || stat.type === 'directory') return false;
    const path = this.#to.pathOf(name);
    const first = this.#linked.get(stat.inode);
    if (first === undefined) this.#linked.set(stat.inode, path);
    else this.#links.link(first, path);
    return first !== undefined;
  }

  #file(name: Buffer, stat: FileStat): void {
    if (stat.size === 0) this.#create(name, stat, this.#small.subarray(0, 0));
    else if (stat.size < SMALL && stat.blocks * 512 >= stat.size && !this.#state.canClone)
      this.#smallFile(name, stat);
    else this.#largeFile(name, stat);
  }

  #create(name: Buffer, stat: FileStat, content: Buffer): void {
    native().createFile(this.#to.fd, name, content, stat.mode, stat.uid, stat.gid, stat.mtimeNs);
  }

  #open(name: Buffer): number {
    return reopenRegular(
      native().open(this.#from.fd, name, O_PATH | constants.O_NOFOLLOW, 0),
      name.toString(),
    );
  }

  #smallFile(name: Buffer, stat: FileStat): void {
    const from = this.#open(name);
    try {
      const length = readSync(from, this.#small, 0, SMALL, 0);
      this.#create(name, stat, this.#small.subarray(0, length));
    } finally {
      native().close(from);
    }
  }

  #largeFile(name: Buffer, stat: FileStat): void {
    const from = this.#open(name);
    let to = -1;
    try {
      to = native().open(this.#to.fd, name, NEW_FILE, 0o600);
      copyContent(from, to, stat, this.#state);
      native().finishFile(to, stat.mode, stat.uid, stat.gid, stat.mtimeNs);
    } finally {
      native().close(from);
      if (to !== -1) native().close(to);
    }
  }

  #describe(name: Buffer, stat: FileStat): void {
    const to = this.#to.fd;
    native().chown(to, name, stat.uid, stat.gid);
    if (stat.type !== 'symlink') chmodAt(to, name, stat.mode);
    this.#attributes(name);
    native().utimes(to, name, stat.mtimeNs, stat.mtimeNs);
  }

  #attributes(name: Buffer): void {
    for (const [attribute, value] of readXattrs(this.#from.fd, name)) {
      try {
        native().setXattr(this.#to.fd, name, attribute, value);
      } catch (error) {
        // The target keeps no such attributes, or only its own security module writes them.
        if (errnoOf(error) !== 'ENOTSUP' && attribute !== 'security.selinux') throw error;
      }
    }
  }
}

/** Copy the content and attributes of an existing directory into another existing, empty one. */
export function* copyTreeSteps(source: string, target: string): Generator<void, void> {
  using copy = new TreeCopy(source, target);
  yield* copy.steps();
}
