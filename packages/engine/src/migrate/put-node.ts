/** One node made like another: whatever a container can have made, sockets and privileged attributes included. */
import { closeSync } from 'node:fs';
import type { FileStat, Tree } from '@strata/core';
import { type Place, readFully } from './compare-node.ts';
import type { Pulse } from './pulse.ts';

const PIECE = 2 ** 20;
const zeros = Buffer.alloc(PIECE);

/** The name must be free in `target`. A directory comes without its content. */
export async function createNode(source: Place, target: Tree, pulse: Pulse): Promise<void> {
  const { path, stat } = source;
  const meta = { mode: stat.mode, uid: stat.uid, gid: stat.gid, mtimeNs: stat.mtimeNs };
  switch (stat.type) {
    case 'directory':
      return target.mkdir(path, { ...meta, mode: 0o700 });
    case 'symlink':
      target.symlink(source.tree.readlink(path), path, meta);
      break;
    case 'file':
      await copyContent(source, target, pulse);
      break;
    default:
      target.mknod(path, stat.type, meta, stat.major, stat.minor);
  }
  giveMetadata(source, target);
}

/**
 * Owner, then attributes, then mode, then time: chown(2) drops setuid and security.capability; what a default ACL of
 * the directory left on a new node goes before the mode it had changed is set.
 */
export function giveMetadata(source: Place, target: Tree): void {
  const { path, stat } = source;
  target.chown(path, stat.uid, stat.gid);
  const wanted = source.tree.xattrs(path);
  for (const name of target.xattrs(path).keys()) if (!wanted.has(name)) target.removeXattr(path, name);
  for (const [name, value] of wanted) target.setXattr(path, name, value);
  if (stat.type !== 'symlink') target.chmod(path, stat.mode);
  target.utimes(path, stat.mtimeNs);
}

async function copyContent({ tree, path, stat }: Place, target: Tree, pulse: Pulse): Promise<void> {
  const writer = target.createFile(path);
  const fd = tree.openRead(path);
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(PIECE, stat.size)));
  const sparse = hasHoles(stat);
  try {
    for (let n = readFully(fd, buffer); n > 0; n = readFully(fd, buffer)) {
      const piece = buffer.subarray(0, n);
      if (sparse && piece.equals(zeros.subarray(0, n))) writer.hole(n);
      else writer.write(piece);
      await pulse.beat();
    }
    writer.finish({ mode: 0o600, uid: stat.uid, gid: stat.gid, mtimeNs: stat.mtimeNs });
  } finally {
    writer.abort();
    closeSync(fd);
  }
}

function hasHoles(stat: FileStat): boolean {
  return stat.blocks * 512 < stat.size;
}
