/** One of everything a layer may hold. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { TreeEditor } from './tree-editor.ts';

/** cap_net_raw+ep, as setcap(8) writes it (linux/capability.h, VFS_CAP_REVISION_2). */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');
export const SPARSE_BYTES = 8 * 1024 ** 2;

/** Names that are not UTF-8, or that shells, parsers and terminals stumble over. */
export const hostileNames: readonly Buffer[] = [
  Buffer.from('f\xff\xfeg', 'latin1'),
  Buffer.from('f\xff\xfdg', 'latin1'),
  Buffer.from('new\nline'),
  Buffer.from('-rf'),
  Buffer.from('back\\slash'),
  Buffer.from(' leading and trailing '),
  Buffer.from('co:lon,comma'),
  Buffer.from('"quote\'$(id)`'),
  Buffer.from('\x1b[31mred'),
  Buffer.from('...'),
  Buffer.from('.wh'),
  Buffer.from('ünïcödé-日本'),
];

export function fillZoo(edit: TreeEditor): void {
  edit.dir('etc', { mtimeNs: 1_000_000_000_123_456_789n });
  edit.file('etc/passwd', 'root:x:0:0::/root:/bin/sh\n', {
    mode: 0o644,
    mtimeNs: 1_600_000_000_000_000_001n,
  });
  edit.file('etc/shadow', 'root:*:1::::::\n', { mode: 0o640, uid: 0, gid: 42 });
  edit.dir('bin');
  edit.file('bin/su', 'setuid', { uid: 0, gid: 0, mode: 0o4755 });
  edit.file('bin/wall', 'setgid', { uid: 0, gid: 5, mode: 0o2755 });
  edit.file('bin/ping', 'capable');
  edit.xattr('bin/ping', 'security.capability', CAPABILITY);
  edit.dir('tmp', { mode: 0o1777 });
  edit.dir('home/user', { uid: 1000, gid: 1000, mode: 0o700 });
  edit.file('home/user/big-ids', 'x', { uid: 2_000_000_000, gid: 2_000_000_001, mode: 0o600 });
  edit.file('home/user/none', 'nobody may read this', { mode: 0o000 });
  edit.dir('home/user/closed', { mode: 0o000 });
  edit.file('old', 'before the epoch', { mtimeNs: -1_000_000_001n });
  edit.file('future', 'after 2038', { mtimeNs: 4_000_000_000_999_999_999n });
  edit.file('empty', '');
  fillLinks(edit);
  fillSpecial(edit);
  edit.dir('names');
  for (const name of hostileNames) edit.file(Buffer.concat([Buffer.from('names/'), name]), name);
}

function fillLinks(edit: TreeEditor): void {
  edit.dir('links');
  edit.file('links/one', 'linked three times');
  edit.link('links/one', 'links/two');
  edit.link('links/one', 'etc/three');
  edit.symlink('/etc/passwd', 'links/absolute');
  edit.symlink('../etc/passwd', 'links/relative');
  edit.symlink('nowhere', 'links/dangling');
  edit.symlink('self', 'links/self');
  edit.symlink(Buffer.from('t\xffarget', 'latin1'), 'links/bytes');
  edit.symlink('x'.repeat(1000), 'links/long'); // xfs: at most 1024
  edit.tree.utimes(Buffer.from('links/relative'), 1_234_567_890_987_654_321n);
  edit.chown('links/relative', 7, 8);
}

function fillSpecial(edit: TreeEditor): void {
  edit.dir('dev');
  edit.node('dev/fifo', 'fifo');
  edit.node('dev/null', 'char', 1, 3);
  edit.node('dev/sda', 'block', 8, 0);
  edit.node('dev/big', 'char', 500, 200_000); // xfs: 9 bits of major, 18 of minor
  edit.node('dev/socket', 'socket');
  edit.xattr('etc', 'trusted.strata-test', 'on a directory');
  edit.xattr('etc/passwd', 'trusted.strata-test', Buffer.from([0, 1, 255]));
  const fd = openSync(edit.at('sparse'), 'wx', 0o644);
  try {
    ftruncateSync(fd, SPARSE_BYTES);
    writeSync(fd, 'end', SPARSE_BYTES - 3);
  } finally {
    closeSync(fd);
  }
}
