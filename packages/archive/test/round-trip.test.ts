import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  AppliedLayer,
  ApplyLayerInput,
  ChangesSource,
  ListedChange,
  WriteLayerInput,
  WrittenBlob,
} from '../src/index.ts';
import {
  applyLayer,
  ByteSource,
  DEFAULT_LIMITS,
  diffOverlay,
  diffTrees,
  extractInto,
  layerTar,
  packLayerTar,
  packPath,
  packTree,
  smallLayerTar,
  type TarMember,
  TarReader,
  writeTar,
} from '../src/index.ts';
import { codeOf, host, listing, Sandbox } from './support/sandbox.ts';
import { dir, file, hardlink, inChunks, symlink, tar } from './support/tar-bytes.ts';

/** A file with everything a layer can hold. CAP_NET_BIND_SERVICE+ep, vfs_ns_cap_data revision 2. */
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox[Symbol.dispose]());

const raw = (name: string) => Buffer.from(name, 'latin1');
const meta = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 1_700_000_000_123_456_789n };
const collect = (chunks: Iterable<Buffer>) => Buffer.concat([...chunks]);

/** Everything at once. Returns its path. */
function zoo(): string {
  const path = sandbox.dir();
  using tree = sandbox.open(path);
  tree.mkdir(raw('dir'), { ...meta, mode: 0o2750, uid: 1, gid: 2 });
  tree.writeFile(raw('dir/suid'), Buffer.from('s'), {
    ...meta,
    mode: 0o4755,
    uid: 2 ** 31,
    gid: 2 ** 32 - 2,
  });
  tree.writeFile(raw('dir/caps'), Buffer.from('c'), meta, new Map([['security.capability', CAPABILITY]]));
  tree.writeFile(raw('attr'), Buffer.from('a'), meta, new Map([['user.k', Buffer.from([0, 255, 10])]]));
  tree.writeFile(raw('f\xff'), Buffer.from('1'), meta);
  tree.writeFile(raw('f\xfe'), Buffer.from('2'), meta);
  tree.writeFile(raw('new\nline'), Buffer.from('3'), meta);
  tree.mkdir(raw('d'.repeat(120)), meta);
  tree.writeFile(raw(`${'d'.repeat(120)}/${'f'.repeat(150)}`), Buffer.from('long'), meta);
  tree.writeFile(raw('second'), Buffer.from('whole second'), {
    ...meta,
    mtimeNs: 1_700_000_000_000_000_000n,
  });
  tree.link(raw('second'), raw('dir/linked'));
  tree.symlink(raw('/nowhere/\xff'), raw('link'), meta);
  tree.symlink(raw('x'.repeat(300)), raw('long-link'), meta);
  tree.link(raw('link'), raw('link2'));
  tree.mknod(raw('fifo'), 'fifo', meta);
  tree.mknod(raw('null'), 'char', { ...meta, mode: 0o666 }, 1, 3);
  tree.mknod(raw('disk'), 'block', meta, 4095, 2 ** 20 - 1);
  const big = tree.createFile(raw('big'));
  big.write(Buffer.alloc(3_000_001, 'x'));
  big.hole(5_000_000);
  big.write(Buffer.from('end'));
  big.finish(meta);
  tree.utimes(raw('dir'), 1_600_000_000_000_000_001n);
  tree.utimes(raw('d'.repeat(120)), 1_600_000_000_000_000_001n);
  return path;
}

async function unpacked(
  bytes: Buffer,
  whiteouts: 'overlay' | 'execute' = 'execute',
  chunk = 100_000,
): Promise<string> {
  const path = sandbox.dir();
  using tree = sandbox.open(path);
  await applyLayer(inChunks(bytes, chunk), tree, { whiteouts });
  return path;
}

describe('a tree through our tar', () => {
  it('comes back the same, to the nanosecond', async () => {
    const source = zoo();
    using tree = sandbox.open(source);
    const bytes = collect(packTree(tree));
    for (const way of ['overlay', 'execute'] as const) {
      expect(listing(await unpacked(bytes, way), { dirTimes: true }).slice(1)).toEqual(
        listing(source, { dirTimes: true }).slice(1),
      );
    }
  });

  it('leaves holes in large files', async () => {
    using tree = sandbox.open(zoo());
    const copy = await unpacked(collect(packTree(tree)), 'overlay', 2 ** 20);
    expect(statSync(join(copy, 'big')).blocks * 512).toBeLessThan(3_500_000);
  });

  it('is the same bytes for the same tree, wherever it is', () => {
    using a = sandbox.open(zoo());
    using b = sandbox.open(zoo());
    expect(collect(packTree(a)).equals(collect(packTree(b)))).toBe(true);
  });

  it('bounds times when asked', async () => {
    using tree = sandbox.open(zoo());
    const copy = await unpacked(collect(packTree(tree, { maxMtimeNs: 1_650_000_000n * 1_000_000_000n })));
    expect(statSync(join(copy, 'attr')).mtimeMs).toBe(1_650_000_000_000);
    expect(statSync(join(copy, 'dir')).mtimeMs).toBe(1_600_000_000_000);
  });

  it('refuses names that a layer would take for deletions, and packs them for cp', () => {
    const path = sandbox.dir();
    writeFileSync(join(path, '.wh.x'), 'x');
    using tree = sandbox.open(path);
    expect(() => collect(packTree(tree))).toThrow(expect.objectContaining({ code: 'LAYER_RESERVED_NAME' }));
    expect(collect(packTree(tree, { plain: true })).includes('.wh.x')).toBe(true);
  });
});

describe('beside GNU tar', () => {
  const flags = ['--xattrs', '--xattrs-include=*', '--numeric-owner'];

  it('GNU tar unpacks what we write', () => {
    const source = zoo();
    using tree = sandbox.open(source);
    const target = sandbox.dir();
    execFileSync('tar', [...flags, '-xpf', '-', '-C', target], { input: collect(packTree(tree)) });
    expect(listing(target, { dirTimes: true }).slice(1)).toEqual(
      listing(source, { dirTimes: true }).slice(1),
    );
  });

  it.each([
    ['posix', '--format=posix'],
    ['posix, sparse 1.0', '--format=posix', '--sparse'],
    ['posix, sparse 0.1', '--format=posix', '--sparse', '--sparse-version=0.1'],
    ['posix, sparse 0.0', '--format=posix', '--sparse', '--sparse-version=0.0'],
  ])('we unpack what it writes as %s', async (_, ...format) => {
    const source = zoo();
    const bytes = execFileSync('tar', [...flags, ...format, '-cf', '-', '-C', source, '.'], {
      maxBuffer: 2 ** 27,
    });
    expect(listing(await unpacked(bytes), { dirTimes: true })).toEqual(listing(source, { dirTimes: true }));
  });

  it.each([['gnu'], ['oldgnu']])('we unpack what it writes as %s, sparse', async (format) => {
    const source = zoo();
    const bytes = execFileSync(
      'tar',
      ['--numeric-owner', `--format=${format}`, '--sparse', '-cf', '-', '-C', source, '.'],
      { maxBuffer: 2 ** 27 },
    );
    const theirs = sandbox.dir();
    execFileSync('tar', ['-xpf', '-', '-C', theirs], { input: bytes });
    expect(listing(await unpacked(bytes), { dirTimes: true })).toEqual(listing(theirs, { dirTimes: true }));
  });

  it('as v7 and ustar, what those can hold', async () => {
    const source = await unpacked(
      tar(dir('a/'), file('a/b', 'x'), symlink('b', 'a/c'), hardlink('a/b', 'a/d')),
    );
    for (const format of ['v7', 'ustar']) {
      const bytes = execFileSync('tar', [`--format=${format}`, '-cf', '-', '-C', source, '.']);
      expect(listing(await unpacked(bytes))).toEqual(listing(source));
    }
  });
});

describe('diff', () => {
  const base = tar(
    dir('keep'),
    file('keep/same', 'same'),
    file('gone', 'x'),
    dir('tree'),
    file('tree/a', 'a'),
    file('tree/b/c', 'c'),
    file('mode', 'x'),
    file('content', 'old'),
    file('links/one', 'l'),
    hardlink('links/one', 'links/two'),
    dir('opaque'),
    file('opaque/old', 'o'),
    file('flip', 'f'),
    dir('flop'),
    file('flop/x', 'x'),
  );
  const edit = `
    rm gone; rm -r tree; chmod 600 mode; printf new > content; touch -d @1600000000 content; printf n > keep/new
    rm -r opaque; mkdir opaque; printf p > opaque/fresh; rm flip; mkdir flip; printf y > flip/y; rm -r flop; ln -s /x flop
    mkdir more; ln links/one more/three; mkfifo pipe; touch keep/same2; rm keep/same2`;

  const letters = (changes: Iterable<{ kind: string; path: Buffer }>) =>
    [...changes].map((c) => `${c.kind} ${c.path.toString('latin1')}`);
  const expected = [
    'C content',
    'C flip',
    'A flip/y',
    'C flop',
    'D gone',
    'C keep',
    'A keep/new',
    'C mode',
    'A more',
    'A more/three',
    'C opaque',
    'A opaque/fresh',
    'D opaque/old',
    'A pipe',
    'D tree',
  ];

  it('finds the same by comparing trees, by candidates, and in an overlay; and the tar makes it so again', async () => {
    const lower = await unpacked(base);
    const upper = sandbox.dir();
    const merged = sandbox.dir();
    const work = sandbox.dir();
    execFileSync('mount', [
      '-t',
      'overlay',
      'overlay',
      '-o',
      `lowerdir=${lower},upperdir=${upper},workdir=${work},index=off`,
      merged,
    ]);
    try {
      execFileSync('sh', ['-ec', edit], { cwd: merged });
      using a = sandbox.open(lower);
      using b = sandbox.open(merged);
      using u = sandbox.open(upper);
      const compared = letters(diffTrees(a, b));
      expect(compared).toEqual(expected);
      const candidates = expected.map((line) => raw(line.slice(2)));
      expect(letters(diffTrees(a, b, { candidates }))).toEqual(expected);
      expect(letters(diffOverlay(u, [a])).filter((line) => !line.includes('links'))).toEqual(expected);

      for (const changes of [diffTrees(a, b, { links: true }), diffOverlay(u, [a], { links: true })]) {
        const layer = collect(layerTar(changes));
        const again = sandbox.dir();
        using tree = sandbox.open(again);
        await applyLayer(inChunks(base), tree, { whiteouts: 'execute' });
        await applyLayer(inChunks(layer), tree, { whiteouts: 'execute' });
        expect(listing(again)).toEqual(listing(merged));
      }
    } finally {
      execFileSync('umount', [merged]);
    }
  });

  it('says nothing about equal trees, and compares content where times were cut to seconds', async () => {
    const a = await unpacked(tar(file('x', 'aaa'), file('y', 'b')));
    const b = await unpacked(tar(file('x', 'aab'), file('y', 'b')));
    using left = sandbox.open(a);
    using right = sandbox.open(b);
    expect(letters(diffTrees(left, right))).toEqual(['C x']);
    expect(letters(diffTrees(left, left))).toEqual([]);
  });

  it('keeps a hard link together when one name is new', async () => {
    const a = await unpacked(tar(file('z/one', 'l')));
    const b = await unpacked(tar(file('z/one', 'l'), hardlink('z/one', 'a')));
    using left = sandbox.open(a);
    using right = sandbox.open(b);
    expect(await namesIn(collect(layerTar(diffTrees(left, right, { links: true }))))).toEqual([
      'file a',
      'directory z/',
      'hardlink z/one',
    ]);
  });

  it('leaves sockets out', async () => {
    const path = sandbox.dir();
    using tree = sandbox.open(path);
    tree.mknod(raw('sock'), 'socket', meta);
    tree.writeFile(raw('x'), Buffer.from('x'), meta);
    expect(await namesIn(collect(packTree(tree)))).toEqual(['file x']);
  });
});

async function namesIn(bytes: Buffer): Promise<string[]> {
  const reader = new TarReader(new ByteSource(inChunks(bytes), 2 ** 40), DEFAULT_LIMITS);
  const found: string[] = [];
  for (let e = await reader.next(); e !== undefined; e = await reader.next())
    found.push(`${e.type} ${e.name.toString('latin1')}`);
  return found;
}

describe('cp and import', () => {
  it('packs one path under another name, and unpacks below a directory, through links inside the tree', async () => {
    const source = await unpacked(tar(file('a/b/c', 'x'), hardlink('a/b/c', 'a/b/d'), symlink('c', 'a/b/l')));
    using from = sandbox.open(source);
    const bytes = collect(packPath(from, raw('a/b'), raw('renamed')));
    const target = await unpacked(tar(dir('real'), symlink('/real', 'link'), file('real/renamed/c', 'old')));
    using into = sandbox.open(target);
    await extractInto(into, inChunks(bytes), { destination: raw('link'), owner: { uid: 5, gid: 6 } });
    expect(readFileSync(join(target, 'real/renamed/c'), 'utf8')).toBe('x');
    expect(statSync(join(target, 'real/renamed/d')).ino).toBe(statSync(join(target, 'real/renamed/c')).ino);
    expect(statSync(join(target, 'real/renamed/c')).uid).toBe(5);
  });

  it('takes .wh. names as they are, stays inside, and refuses what the options forbid', async () => {
    const target = await unpacked(tar(dir('d'), file('f', 'x'), symlink('/canary', 'out')));
    using into = sandbox.open(target);
    await extractInto(into, inChunks(tar(file('.wh.f', 'kept'), file('../../e', 'x'), file('out/pwn', 'x'))));
    expect(readFileSync(join(target, '.wh.f'), 'utf8')).toBe('kept');
    expect(readFileSync(join(target, 'canary/pwn'), 'utf8')).toBe('x');
    expect(sandbox.canaryIsUntouched()).toBe(true);
    const refused = (bytes: Buffer) =>
      extractInto(into, inChunks(bytes), { keepKinds: true }).then(() => '', codeOf);
    expect(await refused(tar(file('d', 'x')))).toBe('COPY_KIND_CONFLICT');
    expect(await refused(tar(dir('f')))).toBe('COPY_KIND_CONFLICT');
    expect(
      await extractInto(into, inChunks(tar(file('x'))), { destination: raw('nope') }).then(() => '', codeOf),
    ).toBe('PATH_NOT_FOUND');
  });
});

describe('jobs', () => {
  it.each([['gzip'], ['zstd'], ['none']] as const)(
    'write, apply and diff a layer in worker threads: %s',
    async (compression) => {
      const source = zoo();
      const blob = join(sandbox.path, 'blob');
      const progress: number[] = [];
      const written = await host.workers.run<WriteLayerInput, { uncompressed: number }, WrittenBlob>(
        new URL(import.meta.resolve('@strata/archive/write-layer.job')),
        { source: { kind: 'trees', upper: source }, output: { path: blob, compression } },
        { onProgress: (p) => progress.push(p.uncompressed) },
      );
      expect(written.size).toBe(statSync(blob).size);
      expect(written.digest).toBe(
        `sha256:${execFileSync('sha256sum', [blob], { encoding: 'utf8' }).slice(0, 64)}`,
      );
      expect(progress.at(-1)).toBe(written.uncompressedSize);

      const path = sandbox.dir();
      const applied = await host.workers.run<ApplyLayerInput, unknown, AppliedLayer>(
        new URL(import.meta.resolve('@strata/archive/apply-layer.job')),
        { blob, target: { path, whiteouts: 'overlay' }, parents: [] },
      );
      expect(applied).toMatchObject({ diffId: written.diffId, size: written.uncompressedSize, warnings: [] });
      expect(listing(path).slice(1)).toEqual(listing(source).slice(1));

      const changes = await host.workers.run<ChangesSource, never, ListedChange[]>(
        new URL(import.meta.resolve('@strata/archive/diff-layer.job')),
        { kind: 'trees', upper: path, lower: source },
      );
      expect(changes).toEqual([]);
    },
  );

  it('packs a small layer in this thread to the bytes of a worker, and leaves a large one to it', async () => {
    const source = { kind: 'overlay' as const, upper: sandbox.dir(), lowers: [sandbox.dir()] };
    writeFileSync(join(source.upper, 'small'), 'x'.repeat(1000));
    symlinkSync('small', join(source.upper, 'link'));
    const tar = smallLayerTar(source, host.files.openTree);
    const path = join(sandbox.path, 'blob');
    const written = await host.workers.run<WriteLayerInput, unknown, WrittenBlob>(
      new URL(import.meta.resolve('@strata/archive/write-layer.job')),
      { source, output: { path, compression: 'gzip' } },
    );
    const { bytes, ...packed } = packLayerTar(tar!);
    expect(packed).toEqual(written);
    expect(bytes.equals(readFileSync(path))).toBe(true);
    writeFileSync(join(source.upper, 'large'), Buffer.alloc(2 ** 20));
    expect(smallLayerTar(source, host.files.openTree)).toBeUndefined();
    expect(smallLayerTar({ kind: 'trees', upper: sandbox.dir() }, host.files.openTree)).toBeUndefined();
  });

  it('carries the error of a bad layer out of the worker', async () => {
    const blob = join(sandbox.path, 'bad');
    writeFileSync(blob, tar(file('.wh..', '')));
    const run = host.workers.run(new URL(import.meta.resolve('@strata/archive/apply-layer.job')), {
      blob,
      target: { path: sandbox.dir(), whiteouts: 'overlay' },
    });
    await expect(run).rejects.toMatchObject({ code: 'LAYER_BAD_WHITEOUT', kind: 'invalid-argument' });
  });

  it('stops when cancelled', async () => {
    const aborted = AbortSignal.abort();
    using tree = sandbox.open(sandbox.dir());
    const applying = applyLayer(inChunks(tar(file('x', 'y'))), tree, {
      whiteouts: 'overlay',
      signal: aborted,
    });
    expect(await applying.then(() => '', codeOf)).toBe('ABORTED');
  });
});

describe('a full disk', () => {
  it('is one clear error', async () => {
    const path = sandbox.dir();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path]);
    try {
      using tree = sandbox.open(path);
      for (const size of [100_000, 2_000_000]) {
        const layer = tar(...Array.from({ length: 5 }, (_, i) => file(`f${i}`, Buffer.alloc(size, 'x'))));
        const applying = applyLayer(inChunks(layer), tree, { whiteouts: 'overlay' });
        await expect(applying).rejects.toMatchObject({ code: 'LAYER_NO_SPACE', kind: 'resource-exhausted' });
      }
    } finally {
      execFileSync('umount', [path]);
    }
  });
});

describe('writer', () => {
  it('round-trips extreme headers', async () => {
    const members: TarMember[] = [
      {
        header: {
          name: raw('a'),
          type: 'file',
          mode: 0o644,
          uid: 2 ** 32 - 2,
          gid: 2 ** 22,
          size: 0,
          mtimeNs: -1_500_000_000n,
        },
      },
      { header: { name: raw('b'), type: 'file', mode: 0o644, uid: 0, gid: 0, size: 0, mtimeNs: 2n ** 62n } },
      {
        header: {
          name: raw(`${'p'.repeat(155)}/${'n'.repeat(100)}`),
          type: 'file',
          mode: 0,
          uid: 0,
          gid: 0,
          size: 0,
          mtimeNs: 0n,
        },
      },
      {
        header: {
          name: raw(`${'p'.repeat(156)}/${'n'.repeat(99)}`),
          type: 'file',
          mode: 0,
          uid: 0,
          gid: 0,
          size: 0,
          mtimeNs: 0n,
        },
      },
      {
        header: {
          name: raw(`${'q'.repeat(90)}/`.repeat(2)),
          type: 'directory',
          mode: 0,
          uid: 0,
          gid: 0,
          size: 0,
          mtimeNs: 0n,
        },
      },
    ];
    const reader = new TarReader(new ByteSource(writeTarAsync(members), 2 ** 40), DEFAULT_LIMITS);
    for (const { header } of members) {
      const { name, type, mode, uid, gid, mtimeNs } = (await reader.next())!;
      expect({ name, type, mode, uid, gid, mtimeNs, size: 0 }).toEqual(header);
    }
    expect(await reader.next()).toBeUndefined();
  });
});

async function* writeTarAsync(members: readonly TarMember[]) {
  yield* writeTar(members);
}
