import { execFileSync } from 'node:child_process';
import { closeSync, lstatSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';
import { createHost } from '@strata/host';
import { describe, expect, it } from 'vitest';
import { bytes, codeOf, META, scratch } from './fixtures/scratch.ts';

const { files, mounter } = createHost();

describe('Tree', () => {
  it('writes files with owner, mode, nanoseconds and attributes', () => {
    const root = scratch();
    using tree = files.openTree(root);
    tree.mkdir(bytes('a'), { mode: 0o1711, uid: 7, gid: 8, mtimeNs: -1n });
    const xattrs = new Map([['user.k', bytes('v')]]);
    tree.writeFile(
      bytes('a/f'),
      bytes('hello'),
      { mode: 0o4755, uid: 1, gid: 2, mtimeNs: META.mtimeNs },
      xattrs,
    );
    const stat = statSync(`${root}/a/f`, { bigint: true });
    expect([Number(stat.mode & 0o7777n), stat.uid, stat.gid, stat.mtimeNs]).toEqual([
      0o4755,
      1n,
      2n,
      META.mtimeNs,
    ]);
    expect(readFileSync(`${root}/a/f`, 'utf8')).toBe('hello');
    expect(tree.xattrs(bytes('a/f'))).toEqual(xattrs);
    const written = tree.lstat(bytes('a/f'))!;
    expect(written).toMatchObject({
      type: 'file',
      mode: 0o4755,
      uid: 1,
      gid: 2,
      size: 5,
      nlink: 1,
      mtimeNs: META.mtimeNs,
    });
    expect(written.inode).toBe(stat.ino);
    expect(written.device).toBe(stat.dev);
    expect(codeOf(() => tree.writeFile(bytes('a/f'), bytes('x'), META))).toBe('EEXIST');
  });

  it('leaves access times alone when it reads', async () => {
    const root = scratch();
    const strict = { type: 'tmpfs', source: 'tmpfs', options: ['strictatime'] };
    await mounter.mount([strict], root);
    try {
      using tree = files.openTree(root);
      tree.mkdir(bytes('a'));
      tree.mkdir(bytes('a/b'));
      tree.writeFile(bytes('a/b/f'), bytes('hello'), META);
      const times = () => ['', '/a', '/a/b', '/a/b/f'].map((path) => statSync(root + path).atimeMs);
      const before = times();
      tree.readdir(bytes('a'));
      await files.usage(root);
      expect(tree.readFile(bytes('a/b/f'), { maxBytes: 10 })?.toString()).toBe('hello');
      expect(times()).toEqual(before);
      readFileSync(`${root}/a/b/f`);
      expect(times()).not.toEqual(before);
    } finally {
      await mounter.unmount(root);
    }
  });

  it('makes every kind of node', () => {
    using tree = files.openTree(scratch());
    tree.mknod(bytes('fifo'), 'fifo', { ...META, mode: 0o622 });
    tree.mknod(bytes('null'), 'char', { ...META, mode: 0o666 }, 1, 3);
    tree.mknod(bytes('disk'), 'block', META, 259, 70_000);
    tree.mknod(bytes('sock'), 'socket', META);
    tree.symlink(bytes('no/where'), bytes('link'), { uid: 3, gid: 4, mtimeNs: 5n });
    tree.writeFile(bytes('file'), bytes(''), META);
    tree.link(bytes('file'), bytes('again'));
    tree.link(bytes('link'), bytes('link2'));
    expect(tree.lstat(bytes('null'))).toMatchObject({ type: 'char', mode: 0o666, major: 1, minor: 3 });
    expect(tree.lstat(bytes('disk'))).toMatchObject({ type: 'block', major: 259, minor: 70_000 });
    expect(tree.lstat(bytes('link'))).toMatchObject({
      type: 'symlink',
      uid: 3,
      gid: 4,
      mtimeNs: 5n,
      nlink: 2,
    });
    expect(tree.readlink(bytes('link')).toString()).toBe('no/where');
    expect(tree.lstat(bytes('again'))?.inode).toBe(tree.lstat(bytes('file'))?.inode);
    const types = Object.fromEntries(tree.readdir(bytes('.')).map((e) => [e.name.toString(), e.type]));
    const expected = {
      fifo: 'fifo',
      null: 'char',
      disk: 'block',
      sock: 'socket',
      link: 'symlink',
      link2: 'symlink',
    };
    expect(types).toEqual({ ...expected, file: 'file', again: 'file' });
    expect(codeOf(() => tree.chmod(bytes('link'), 0o600))).toBe('ENOTSUP');
  });

  it('streams files with holes', () => {
    const root = scratch();
    using tree = files.openTree(root);
    const writer = tree.createFile(bytes('sparse'));
    writer.hole(1 << 20);
    writer.write(bytes('end'));
    writer.hole(1 << 20);
    writer.finish(META, new Map([['user.a', bytes('b')]]));
    const stat = tree.lstat(bytes('sparse'))!;
    expect(stat.size).toBe((2 << 20) + 3);
    expect(stat.blocks).toBeLessThan(64);
    const fd = tree.openRead(bytes('sparse'));
    const read = Buffer.alloc(3);
    readSync(fd, read, 0, 3, 1 << 20);
    closeSync(fd);
    expect(read.toString()).toBe('end');
    expect(tree.xattrs(bytes('sparse')).get('user.a')?.toString()).toBe('b');
  });

  it('keeps names apart that are not UTF-8', () => {
    using tree = files.openTree(scratch());
    const [one, two] = [Buffer.from([0x66, 0xff]), Buffer.from([0x66, 0xfe])];
    tree.writeFile(one, bytes('1'), META);
    tree.writeFile(two, bytes('2'), META);
    expect(tree.readFile(one, { maxBytes: 9 })?.toString()).toBe('1');
    const names = tree.readdir(bytes('')).map(({ name }) => name.toString('hex'));
    expect(names.sort()).toEqual(['66fe', '66ff']);
    expect(codeOf(() => tree.lstat(Buffer.from('a\0b')))).toBe('EINVAL');
    expect(codeOf(() => tree.mkdir(Buffer.alloc(256, 'n')))).toBe('ENAMETOOLONG');
  });

  it('answers missing with undefined and wrong with an errno and the path', () => {
    using tree = files.openTree(scratch());
    tree.writeFile(bytes('f'), Buffer.alloc(11), META);
    expect(tree.lstat(bytes('no'))).toBeUndefined();
    expect(tree.lstat(bytes('no/where'))).toBeUndefined();
    expect(tree.stat(bytes('f/below'))).toBeUndefined();
    expect(tree.readFile(bytes('no'), { maxBytes: 1 })).toBeUndefined();
    expect(codeOf(() => tree.readFile(bytes('f'), { maxBytes: 10 }))).toBe('EFBIG');
    expect(codeOf(() => tree.readdir(bytes('no/where')))).toBe('ENOENT');
    expect(() => tree.unlink(bytes('no/where'))).toThrow(/'no\/where'/);
    expect(codeOf(() => tree.mkdir(bytes('.')))).toBe('EEXIST');
    tree.close();
    expect(codeOf(() => tree.lstat(bytes('f')))).toBe('EBADF');
  });

  it('goes 10 000 levels deep and removes them, names beyond PATH_MAX', () => {
    const root = scratch();
    using tree = files.openTree(root);
    let path = 'deep';
    tree.mkdir(bytes(path));
    for (let level = 0; level < 10_000; level++) {
      path += '/x';
      tree.mkdir(bytes(path));
    }
    tree.writeFile(bytes(`${path}/leaf`), bytes('leaf'), META);
    using other = files.openTree(root);
    expect(other.readFile(bytes(`${path}/leaf`), { maxBytes: 9 })?.toString()).toBe('leaf');
    expect(other.realpath(bytes(`${path}/leaf`)).toString()).toBe(`${path}/leaf`);
    tree.remove(bytes('deep'));
    expect(tree.readdir(bytes('.'))).toEqual([]);
  });

  it('sees what it has changed itself, through every kind of swap', () => {
    using tree = files.openTree(scratch());
    const content = (path: string) => tree.readFile(bytes(path), { maxBytes: 99 })?.toString();
    for (const name of ['d', 'e']) {
      tree.mkdir(bytes(name));
      tree.writeFile(bytes(`${name}/f`), bytes(name), META);
    }
    tree.symlink(bytes('d'), bytes('l'), META);
    expect([content('d/f'), content('l/f')]).toEqual(['d', 'd']);
    tree.unlink(bytes('l'));
    tree.symlink(bytes('e'), bytes('l'), META);
    expect(content('l/f')).toBe('e');
    tree.rename(bytes('d'), bytes('x'));
    tree.rename(bytes('e'), bytes('d'));
    expect([content('d/f'), content('l/f'), content('x/f')]).toEqual(['e', undefined, 'd']);
    tree.remove(bytes('d'));
    tree.symlink(bytes('x'), bytes('d'), META);
    expect(content('d/f')).toBe('d');
    tree.remove(bytes('x'));
    tree.mkdir(bytes('x'));
    tree.writeFile(bytes('x/f'), bytes('new'), META);
    expect(content('d/f')).toBe('new');
  });

  it('notices that another process replaced a directory', () => {
    const root = scratch();
    using tree = files.openTree(root);
    tree.mkdir(bytes('d'));
    tree.writeFile(bytes('d/old'), bytes(''), META);
    execFileSync('rm', ['-r', `${root}/d`]);
    execFileSync('mkdir', [`${root}/d`]);
    writeFileSync(`${root}/d/new`, 'n');
    expect(tree.lstat(bytes('d/new'))?.size).toBe(1);
    execFileSync('rm', ['-r', `${root}/d`]);
    execFileSync('mkdir', [`${root}/d`]);
    tree.writeFile(bytes('d/more'), bytes('m'), META);
    expect(lstatSync(`${root}/d/more`).size).toBe(1);
  });
});
