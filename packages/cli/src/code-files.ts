/** Files that hold code: who may have written them, and how they are written. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Whether nobody else can put code there. `XDG_CACHE_HOME` may have come through su(1) from somebody who is not root:
 * what exists of the path must belong to us or root, and be writable for nobody else but where only owners rename.
 */
export function isOurs(directory: string): boolean {
  try {
    for (let path = existing(directory); ; path = dirname(path)) {
      const { uid, mode } = statSync(path);
      if ((uid !== 0 && uid !== process.geteuid?.()) || ((mode & 0o022) !== 0 && (mode & 0o1000) === 0))
        return false;
      if (path === dirname(path)) return true;
    }
  } catch {
    return false;
  }
}

function existing(directory: string): string {
  try {
    return realpathSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return existing(dirname(directory));
  }
}

/** In whole or not at all, also after a power cut: V8 trusts what it reads. */
export function writeCode(file: string, data: Buffer): void {
  const temporary = `${file}.${process.pid}.new`;
  const make = () => openSync(temporary, 'wx', 0o600);
  let fd: number;
  try {
    fd = make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    fd = make();
  }
  try {
    writeSync(fd, data);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
}
