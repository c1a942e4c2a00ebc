import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHost } from '@strata/host';
import { beforeEach, describe, expect, it } from 'vitest';
import { native } from '../src/native.ts';
import { Walk } from '../src/tree/walk.ts';
import { bytes, codeOf, META, scratch } from './fixtures/scratch.ts';

const { files } = createHost();
const limit = { maxBytes: 4096 };
let outside: string;
let root: string;

beforeEach(() => {
  const base = scratch();
  outside = `${base}/outside`;
  root = `${base}/root`;
  mkdirSync(outside);
  mkdirSync(`${root}/in`, { recursive: true });
  writeFileSync(`${outside}/secret`, 'secret');
  writeFileSync(`${root}/in/public`, 'public');
});

describe('nothing leads out of a Tree', () => {
  it('stops .. and absolute links at the root', () => {
    using tree = files.openTree(root);
    symlinkSync(outside, `${root}/absolute`);
    symlinkSync('../outside', `${root}/relative`);
    symlinkSync('../../../../../../../..', `${root}/up`);
    symlinkSync('/in', `${root}/inside`);
    for (const path of [
      '../outside/secret',
      'in/../../outside/secret',
      'absolute/secret',
      'relative/secret',
      'up/outside/secret',
    ]) {
      expect(tree.readFile(bytes(path), { ...limit, follow: true })).toBeUndefined();
      expect(tree.lstat(bytes(path))).toBeUndefined();
      expect(codeOf(() => tree.writeFile(bytes(path), bytes('x'), META))).toBe('ENOENT');
    }
    for (const path of [
      'inside/public',
      '/in/public',
      '../../in/public',
      'up/in/public',
      'in/./../in//public',
    ])
      expect(tree.readFile(bytes(path), limit)?.toString()).toBe('public');
    tree.writeFile(bytes('up/owned'), bytes('x'), META);
    expect(existsSync(`${root}/owned`)).toBe(true);
    expect(tree.realpath(bytes('up/inside/public')).toString()).toBe('in/public');
    expect(readFileSync(`${outside}/secret`, 'utf8')).toBe('secret');
  });

  it('never follows the last component', () => {
    using tree = files.openTree(root);
    chmodSync(`${outside}/secret`, 0o600);
    symlinkSync(`${outside}/secret`, `${root}/l`);
    expect(tree.lstat(bytes('l'))?.type).toBe('symlink');
    expect(codeOf(() => tree.openRead(bytes('l')))).toBe('ENOTSUP');
    expect(codeOf(() => tree.chmod(bytes('l'), 0o777))).toBe('ENOTSUP');
    expect(codeOf(() => tree.writeFile(bytes('l'), bytes('x'), META))).toBe('EEXIST');
    expect(codeOf(() => tree.createFile(bytes('l')))).toBe('EEXIST');
    tree.chown(bytes('l'), 5, 5);
    tree.utimes(bytes('l'), 5n);
    tree.setXattr(bytes('l'), 'trusted.t', bytes('v'));
    expect(tree.xattrs(bytes('l')).get('trusted.t')?.toString()).toBe('v');
    tree.link(bytes('l'), bytes('hard'));
    expect(tree.lstat(bytes('hard'))?.type).toBe('symlink');
    const stat = lstatSync(`${outside}/secret`);
    expect([stat.uid, stat.mode & 0o777, stat.nlink]).toEqual([0, 0o600, 1]);
    tree.remove(bytes('l'));
    expect(existsSync(`${outside}/secret`)).toBe(true);
  });

  it('does not hang on a FIFO nor touch a device', () => {
    using tree = files.openTree(root);
    tree.mknod(bytes('fifo'), 'fifo', META);
    tree.mknod(bytes('zero'), 'char', META, 1, 5);
    for (const path of ['fifo', 'zero', 'in'])
      for (const follow of [true, false])
        expect(codeOf(() => tree.readFile(bytes(path), { ...limit, follow }))).toBe('ENOTSUP');
  });

  it('gives up on loops and magic links', () => {
    using tree = files.openTree(root);
    symlinkSync('b', `${root}/a`);
    symlinkSync('a', `${root}/b`);
    expect(codeOf(() => tree.stat(bytes('a')))).toBe('ELOOP');
    expect(codeOf(() => tree.mkdir(bytes('a/x')))).toBe('ELOOP');
    expect(codeOf(() => tree.realpath(bytes('a')))).toBe('ELOOP');
    using proc = files.openTree('/proc/self');
    expect(codeOf(() => proc.stat(bytes('root/etc/passwd')))).toBe('ELOOP');
  });

  it('stays inside while another process swaps a directory for a link', async () => {
    symlinkSync(outside, `${root}/trap`);
    mkdirSync(`${root}/swap`);
    // Exchanges the two names as fast as it can: renameat2(RENAME_EXCHANGE), in perl since every Debian has it.
    const script = 'for (1..200000) { syscall(316, -100, $ARGV[0], -100, $ARGV[1], 2) }';
    const swapper = spawn('perl', ['-e', script, `${root}/trap`, `${root}/swap`], { stdio: 'ignore' });
    let running = true;
    const ended = new Promise<void>((resolve) => swapper.once('exit', () => resolve()));
    void ended.then(() => {
      running = false;
    });
    let made = 0;
    for (let n = 0; running; n++) {
      using tree = files.openTree(root);
      const name = bytes(`swap/f${n}`);
      if (codeOf(() => tree.writeFile(name, bytes('x'), META)) === undefined) made++;
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(made).toBeGreaterThan(0);
    expect(
      files
        .openTree(outside)
        .readdir(bytes('.'))
        .map((e) => e.name.toString()),
    ).toEqual(['secret']);
  });

  it('resolves the same without openat2', () => {
    symlinkSync('../../outside/secret', `${root}/in/out`);
    symlinkSync('/in/../in/./public', `${root}/link`);
    symlinkSync('link', `${root}/chain`);
    symlinkSync('/', `${root}/in/top`);
    const fd = native().open(-100, root, 0o200000, 0);
    const walk = (path: string) => {
      const { names, fd: found } = Walk.resolve(fd, bytes(path), 'any');
      native().close(found);
      return names.join('/');
    };
    try {
      expect(walk('chain')).toBe('in/public');
      expect(walk('in/top/in/top/../../link')).toBe('in/public');
      expect(walk('')).toBe('');
      expect(codeOf(() => walk('in/out'))).toBe('ENOENT');
      expect(codeOf(() => walk('in/public/x'))).toBe('ENOTDIR');
    } finally {
      native().close(fd);
    }
  });
});
