import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createHost } from '@strata/host';
import { afterAll, describe, expect, it } from 'vitest';
import { bytes, META, rejection, scratch } from './fixtures/scratch.ts';

const host = createHost();
const { files } = host;
afterAll(() => host.workers.close());

/** Everything a filesystem stores about a tree, as text. */
function listing(root: string): string {
  const format = '%P %y %m %U %G %T@ %n %l %s\\n';
  const nodes = execFileSync('find', [root, '-printf', format], { encoding: 'latin1' })
    .split('\n')
    .sort()
    .join('\n');
  return nodes;
}

function makeTree(root: string): void {
  using tree = files.openTree(root);
  tree.mkdir(bytes('d'), { mode: 0o2750, uid: 5, gid: 6, mtimeNs: META.mtimeNs });
  tree.writeFile(
    bytes('d/setuid'),
    bytes('x'),
    { ...META, mode: 0o4711, uid: 9 },
    new Map([['user.note', bytes('kept')]]),
  );
  tree.writeFile(bytes('d/big'), Buffer.alloc(700_000, 'b'), META);
  tree.writeFile(Buffer.from([0x64, 0x2f, 0xff]), bytes('raw'), META);
  tree.link(bytes('d/setuid'), bytes('hard'));
  tree.symlink(bytes('/nowhere'), bytes('sym'), { uid: 1, gid: 1, mtimeNs: 77n });
  tree.mknod(bytes('fifo'), 'fifo', META);
  tree.mknod(bytes('dev'), 'char', META, 1, 3);
  const sparse = tree.createFile(bytes('sparse'));
  sparse.hole(8 << 20);
  sparse.write(bytes('tail'));
  sparse.hole(8 << 20);
  sparse.finish(META);
  tree.setXattr(bytes('d'), 'trusted.dir', bytes('1'));
  tree.utimes(bytes('d'), META.mtimeNs);
  tree.utimes(bytes('.'), 42n);
}

describe('Files', () => {
  it('copies a tree with all it has', async () => {
    const [source, target] = [scratch(), scratch()];
    makeTree(source);
    await files.copyTree(source, `${target}/new`);
    const copy = `${target}/new`;
    expect(listing(copy)).toBe(listing(source));
    execFileSync('diff', ['-r', '--no-dereference', `${source}/d`, `${copy}/d`]);
    using tree = files.openTree(copy);
    expect(tree.lstat(bytes('hard'))?.inode).toBe(tree.lstat(bytes('d/setuid'))?.inode);
    expect(tree.xattrs(bytes('hard')).get('user.note')?.toString()).toBe('kept');
    expect(tree.xattrs(bytes('d')).get('trusted.dir')?.toString()).toBe('1');
    expect(tree.lstat(bytes('dev'))).toMatchObject({ type: 'char', major: 1, minor: 3 });
    expect(tree.lstat(bytes('sparse'))!.blocks).toBeLessThan(64);
    expect(readFileSync(`${copy}/sparse`).equals(readFileSync(`${source}/sparse`))).toBe(true);
  });

  it('stops a copy that is no longer wanted', async () => {
    const source = scratch();
    for (let n = 0; n < 3000; n++) writeFileSync(`${source}/${n}`, 'x');
    const error = await rejection(files.copyTree(source, `${scratch()}/c`, AbortSignal.timeout(5)));
    expect(error.kind).toBe('aborted');
  });

  it('counts hard links once and the directory itself', async () => {
    const root = scratch();
    writeFileSync(`${root}/a`, Buffer.alloc(8192));
    linkSync(`${root}/a`, `${root}/b`);
    symlinkSync('a', `${root}/s`);
    mkdirSync(`${root}/d`);
    expect(await files.usage(root)).toEqual({ bytes: 8192, inodes: 4 });
  });

  it('removes a tree, odd names and modes included, and is content when there is none', async () => {
    const root = scratch();
    mkdirSync(`${root}/t`);
    makeTree(`${root}/t`);
    await files.removeTree(`${root}/t`);
    expect(readdirSync(root)).toEqual([]);
    await files.removeTree(`${root}/t`);
    await files.removeTree(`${root}/no/parent`);
  });

  it('refuses to remove a tree with a mount below, and loses nothing', async () => {
    const root = scratch();
    mkdirSync(`${root}/t/m`, { recursive: true });
    writeFileSync(`${root}/t/first`, 'keep');
    const other = scratch();
    writeFileSync(`${other}/precious`, 'keep');
    await host.mounter.mount([{ type: 'bind', source: other, options: ['bind'] }], `${root}/t/m`);
    try {
      const error = await rejection(files.removeTree(`${root}/t`));
      expect([error.kind, error.code]).toEqual(['failed-precondition', 'TREE_HAS_MOUNTS']);
      using tree = files.openTree(root);
      expect(() => tree.remove(bytes('t'))).toThrow(/EBUSY/);
      expect(existsSync(`${other}/precious`)).toBe(true);
      expect((await files.usage(`${root}/t`)).inodes).toBeLessThanOrEqual(3);
    } finally {
      await host.mounter.unmount(`${root}/t/m`);
    }
  });

  it('writes atomically', async () => {
    const root = scratch();
    await files.writeAtomic(`${root}/f`, 'one', 0o600);
    await files.writeAtomic(`${root}/f`, Buffer.from('two'));
    expect(readFileSync(`${root}/f`, 'utf8')).toBe('two');
    expect(statSync(`${root}/f`).mode & 0o777).toBe(0o644);
    expect((await rejection(files.writeAtomic(`${root}/no/f`, 'x'))).code).toBe('ENOENT');
    expect(readdirSync(root)).toEqual(['f']);
  });

  it('tells filesystems apart and syncs them', async () => {
    const facts = await files.filesystem('/dev/shm');
    expect(facts.type).toBe('tmpfs');
    expect(facts.freeBytes).toBeGreaterThan(0);
    expect((await files.filesystem('/proc')).type).toMatch(/^0x/);
    await files.syncfs('/dev/shm');
    expect((await rejection(files.syncfs('/no/such'))).code).toBe('ENOENT');
  });

  it('shares blocks on btrfs, and says no on tmpfs', async () => {
    const root = scratch();
    writeFileSync(`${root}/a`, Buffer.alloc(1 << 20, 'x'));
    expect(await files.reflink(`${root}/a`, `${root}/b`)).toBe(false);
    expect(existsSync(`${root}/b`)).toBe(false);
    writeFileSync(`${root}/pool`, '');
    truncateSync(`${root}/pool`, 256 << 20);
    execFileSync('mkfs.btrfs', ['-q', `${root}/pool`]);
    await host.mounter.withMounted(
      [{ type: 'btrfs', source: `${root}/pool`, options: ['loop'] }],
      async (place) => {
        writeFileSync(`${place}/a`, Buffer.alloc(1 << 20, 'y'));
        expect(await files.reflink(`${place}/a`, `${place}/b`)).toBe(true);
        expect(readFileSync(`${place}/b`).equals(readFileSync(`${place}/a`))).toBe(true);
        mkdirSync(`${place}/src`);
        makeTree(`${place}/src`);
        await files.copyTree(`${place}/src`, `${place}/dst`);
        expect(listing(`${place}/dst`)).toBe(listing(`${place}/src`));
        const extents = execFileSync('filefrag', ['-v', `${place}/dst/d/big`], { encoding: 'utf8' });
        expect(extents).toMatch(/shared/);
      },
    );
  });
});
