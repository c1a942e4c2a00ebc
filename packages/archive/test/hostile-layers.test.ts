import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute, listing, type Outcome, Sandbox, stack } from './support/sandbox.ts';
import { device, dir, file, hardlink, type Member, symlink, tar } from './support/tar-bytes.ts';

/**
 * Every hostile shape of reference "Malicious image inputs" T1–T18 and containerd's TestBreakouts, as one layer and as
 * two, unpacked three ways: over the parents (`execute`), beside them (`overlay`), and beside them without seeing them.
 * All three must give the same tree through a real overlay mount, or the same error, and nothing outside may change.
 */
type Expectation = string | ((root: string) => void);
interface Case {
  readonly name: string;
  readonly layers: readonly (readonly (Member | Buffer)[])[];
  readonly expect: Expectation;
}

const text = (root: string, path: string) => readFileSync(join(root, path), 'utf8');
const exists = (root: string, path: string) =>
  lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
const has = (path: string, content: string) => (root: string) => expect(text(root, path)).toBe(content);
const lacks = (path: string) => (root: string) => expect(exists(root, path)).toBe(false);
const all =
  (...checks: readonly ((root: string) => void)[]) =>
  (root: string) => {
    for (const check of checks) check(root);
  };
const sameFile = (a: string, b: string) => (root: string) =>
  expect(lstatSync(join(root, a)).ino).toBe(lstatSync(join(root, b)).ino);
const linkTo = (path: string, target: string) => (root: string) =>
  expect(readlinkSync(join(root, path))).toBe(target);
const mode = (path: string, bits: number) => (root: string) =>
  expect(statSync(join(root, path)).mode & 0o7777).toBe(bits);

const etc = [dir('etc'), file('etc/passwd', 'inside')];
const up = '../'.repeat(12);

const CASES: readonly Case[] = [
  // T1 names
  { name: 'T1 ../x lands in the root', layers: [[file('../x', 'a')]], expect: has('x', 'a') },
  { name: 'T1 ../../ many', layers: [[file(`${up}tmp/x`, 'a')]], expect: has('tmp/x', 'a') },
  { name: 'T1 a/../../x', layers: [[file('a/../../x', 'a')]], expect: all(has('x', 'a'), lacks('a')) },
  {
    name: 'T1 sibling prefix',
    layers: [[file('../root-evil/secret', 'a')]],
    expect: has('root-evil/secret', 'a'),
  },
  { name: 'T1 dne/../.wh.etc', layers: [etc, [file('dne/../.wh.etc')]], expect: lacks('etc') },
  { name: 'T1 .. as a file', layers: [[file('..', 'a')]], expect: 'LAYER_BAD_ROOT' },
  { name: 'T1 /.. as a file', layers: [[file('/..', 'a')]], expect: 'LAYER_BAD_ROOT' },
  // T2 absolute
  { name: 'T2 absolute name', layers: [[file('/etc/x', 'a')]], expect: has('etc/x', 'a') },
  { name: 'T2 link to /', layers: [[symlink('/', 'l'), file('l/x', 'a')]], expect: has('x', 'a') },
  { name: 'T2 link to /../..', layers: [[symlink(`/${up}`, 'l'), file('l/x', 'a')]], expect: has('x', 'a') },
  {
    name: 'T2 link to /./.././..',
    layers: [[symlink('/./.././..', 'l'), file('l/tmp/x', 'a')]],
    expect: has('tmp/x', 'a'),
  },
  // T3 symlinks in one layer
  {
    name: 'T3 link out, then through',
    layers: [[symlink('/canary', 'l'), file('l/etc/passwd', 'a')]],
    expect: has('canary/etc/passwd', 'a'),
  },
  {
    name: 'T3 chain',
    layers: [[dir('etc'), symlink('/etc', 'etc/l2'), symlink('etc/l2', 'l'), file('l/f', 'a')]],
    expect: has('etc/f', 'a'),
  },
  {
    name: 'T3 loop',
    layers: [[symlink('b', 'a'), symlink('a', 'b'), file('a/x', 'x')]],
    expect: 'LAYER_BAD_PATH',
  },
  { name: 'T3 itself', layers: [[symlink('a', 'a'), file('a/x', 'x')]], expect: 'LAYER_BAD_PATH' },
  {
    name: 'T3 dir, link, dir again',
    layers: [[dir('foo'), symlink('/', 'foo'), file('foo/tmp/x', 'a'), dir('foo')]],
    expect: all(has('tmp/x', 'a'), (root) => expect(lstatSync(join(root, 'foo')).isDirectory()).toBe(true)),
  },
  {
    name: 'T3 trailing slash',
    layers: [[symlink('/etc', 'l/'), file('l/x/', 'a')]],
    expect: has('etc/x', 'a'),
  },
  { name: 'T3 link to nothing', layers: [[symlink('', 'l')]], expect: 'LAYER_BAD_SYMLINK' },
  // T4 across layers
  {
    name: 'T4 write through a link of the layer below',
    layers: [[symlink('/canary', 'lnk')], [file('lnk/pwn', 'a')]],
    expect: all(has('lnk/pwn', 'a'), lacks('canary')),
  },
  {
    name: 'T4 relative link of the layer below',
    layers: [[symlink('../../canary/etc', 'lnk')], [file('lnk/passwd', 'a'), dir('lnk/sub')]],
    expect: has('lnk/passwd', 'a'),
  },
  {
    name: 'T4 dir becomes link, next layer writes',
    layers: [[dir('d'), file('d/x', '1')], [symlink('/canary', 'd')], [file('d/etc/passwd', '3')]],
    expect: all(has('d/etc/passwd', '3'), lacks('d/x'), lacks('canary')),
  },
  {
    name: 'T4 file of the layer below on the way',
    layers: [[file('a', '1')], [file('a/b', '2')]],
    expect: has('a/b', '2'),
  },
  {
    name: 'T4 whiteout through a link of the layer below',
    layers: [[...etc, symlink('/etc', 'localetc')], [file('localetc/.wh.passwd')]],
    expect: has('etc/passwd', 'inside'),
  },
  // T5 hard links
  { name: 'T5 to the host', layers: [[hardlink('/canary/etc/passwd', 'x')]], expect: 'LAYER_BAD_HARDLINK' },
  { name: 'T5 upwards', layers: [[hardlink(`${up}canary/etc/passwd`, 'x')]], expect: 'LAYER_BAD_HARDLINK' },
  {
    name: 'T5 through a linked directory',
    layers: [[symlink('/canary/etc', 'd'), hardlink('d/passwd', 'x')]],
    expect: 'LAYER_BAD_HARDLINK',
  },
  { name: 'T5 to itself', layers: [[file('x', 'a'), hardlink('x', 'x')]], expect: 'LAYER_BAD_HARDLINK' },
  { name: 'T5 to a directory', layers: [[dir('d'), hardlink('d', 'x')]], expect: 'LAYER_BAD_HARDLINK' },
  { name: 'T5 to the root', layers: [[hardlink('/', 'x')]], expect: 'LAYER_BAD_HARDLINK' },
  {
    name: 'T5 to a directory below',
    layers: [[dir('d')], [hardlink('d', 'x')]],
    expect: 'LAYER_BAD_HARDLINK',
  },
  {
    name: 'T5 to something inside itself',
    layers: [[dir('d'), file('d/f', 'a'), hardlink('d/f', 'd')]],
    expect: 'LAYER_BAD_HARDLINK',
  },
  {
    name: 'T5 before its target',
    layers: [[hardlink('a', 'b'), file('a', '1')]],
    expect: 'LAYER_BAD_HARDLINK',
  },
  {
    name: 'T5 to a file of the layer below',
    layers: [etc, [hardlink('etc/passwd', 'copy')]],
    expect: all(has('copy', 'inside'), sameFile('copy', 'etc/passwd')),
  },
  {
    name: 'T5 to a file this layer deleted',
    layers: [etc, [file('etc/.wh.passwd'), hardlink('etc/passwd', 'x')]],
    expect: 'LAYER_BAD_HARDLINK',
  },
  {
    name: 'T5 to a file in a directory this layer deleted',
    layers: [etc, [file('.wh.etc'), hardlink('etc/passwd', 'x')]],
    expect: 'LAYER_BAD_HARDLINK',
  },
  {
    name: 'T5 to a file the layer between deleted',
    layers: [etc, [file('.wh.etc')], [hardlink('etc/passwd', 'x')]],
    expect: 'LAYER_BAD_HARDLINK',
  },
  {
    name: 'T5 to a file behind a link of the layer below',
    layers: [[...etc, symlink('etc', 'l')], [hardlink('l/passwd', 'x')]],
    expect: 'LAYER_BAD_HARDLINK',
  },
  {
    name: 'T5 chmod through a link',
    layers: [[symlink('/canary/perm400', 'l'), hardlink('l', 'sketchy', { mode: 0o777, uid: 5 })]],
    expect: all(linkTo('l', '/canary/perm400'), linkTo('sketchy', '/canary/perm400')),
  },
  {
    name: 'T5 write over one name of a link of the layer below',
    layers: [[file('a', '1'), hardlink('a', 'b')], [file('a', '2')]],
    expect: all(has('a', '2'), has('b', '1')),
  },
  // T6 the root
  { name: 'T6 . as link', layers: [[symlink('/canary', '.')]], expect: 'LAYER_BAD_ROOT' },
  { name: 'T6 / as link', layers: [[symlink('/canary', '/')]], expect: 'LAYER_BAD_ROOT' },
  { name: 'T6 /. as file', layers: [[file('/.', 'x')]], expect: 'LAYER_BAD_ROOT' },
  { name: 'T6 ./ as device', layers: [[device('./', [1, 3])]], expect: 'LAYER_BAD_ROOT' },
  { name: 'T6 empty name', layers: [[symlink('/etc', '')]], expect: 'LAYER_BAD_ROOT' },
  {
    name: 'T6 root metadata',
    layers: [[dir('./', 0o700, { uid: 1000 }), file('x', 'a')]],
    expect: mode('.', 0o700),
  },
  {
    name: 'T6 root metadata of the layer below',
    layers: [
      [dir('./', 0o711, { uid: 1000, xattrs: { 'user.a': 'b' } })],
      [file('x', 'a')],
      [file('y', 'a')],
    ],
    expect: mode('.', 0o711),
  },
  { name: 'T6 root 0000', layers: [[dir('/', 0o000), file('x', 'a')]], expect: has('x', 'a') },
  // T7 whiteouts
  ...['.wh.', '.wh..', '.wh...', 'etc/.wh..', 'etc/.wh...', 'etc/.wh.'].map((name) => ({
    name: `T7 ${name}`,
    layers: [etc, [file(name)]],
    expect: 'LAYER_BAD_WHITEOUT',
  })),
  { name: 'T7 as a directory', layers: [etc, [dir('.wh.etc')]], expect: lacks('etc') },
  {
    name: 'T7 with content',
    layers: [etc, [file('etc/.wh.passwd', 'content')]],
    expect: all(lacks('etc/passwd'), lacks('etc/.wh.passwd')),
  },
  {
    name: 'T7 as a link',
    layers: [etc, [symlink('/canary', 'etc/.wh.passwd')]],
    expect: lacks('etc/passwd'),
  },
  {
    name: 'T7 directory called .wh.etc',
    layers: [etc, [file('.wh.etc/somefile', 'a')]],
    expect: all(has('.wh.etc/somefile', 'a'), has('etc/passwd', 'inside')),
  },
  {
    name: 'T7 through our own link',
    layers: [etc, [symlink('/etc', 'l'), file('l/.wh.passwd')]],
    expect: lacks('etc/passwd'),
  },
  {
    name: 'T7 dead link parent',
    layers: [[...etc, symlink('/dne', 'l')], [file('l/.wh.etc')]],
    expect: has('etc/passwd', 'inside'),
  },
  {
    name: 'T7 of a link',
    layers: [[...etc, symlink('/etc', 'l')], [file('.wh.l')]],
    expect: all(lacks('l'), has('etc/passwd', 'inside')),
  },
  {
    name: 'T7 of nothing',
    layers: [etc, [file('.wh.nope'), file('etc/.wh.nope')]],
    expect: has('etc/passwd', 'inside'),
  },
  {
    name: 'T7 aufs leftovers',
    layers: [
      [
        file('.wh..wh.aufs', 'x'),
        dir('.wh..wh.plnk'),
        file('.wh..wh.plnk/1.2', 'x'),
        file('d/.wh..wh.orph', 'x'),
        file('a', 'a'),
      ],
    ],
    expect: all(has('a', 'a'), lacks('.wh..wh.aufs'), lacks('.wh..wh.plnk'), lacks('d')),
  },
  // T8 opaque
  {
    name: 'T8 opaque first',
    layers: [
      [file('d/a', '1'), file('d/s/b', '1')],
      [dir('d'), file('d/.wh..wh..opq'), file('d/c', '2')],
    ],
    expect: all(has('d/c', '2'), lacks('d/a'), lacks('d/s')),
  },
  {
    name: 'T8 opaque last',
    layers: [
      [file('d/a', '1'), file('d/s/b', '1')],
      [dir('d'), file('d/c', '2'), file('d/s/e', '2'), file('d/.wh..wh..opq')],
    ],
    expect: all(has('d/c', '2'), has('d/s/e', '2'), lacks('d/a'), lacks('d/s/b')),
  },
  {
    name: 'T8 opaque twice and a whiteout',
    layers: [
      [file('d/a', '1')],
      [file('d/.wh..wh..opq'), file('d/.wh.a'), file('d/a', '2'), file('d/.wh..wh..opq')],
    ],
    expect: has('d/a', '2'),
  },
  {
    name: 'T8 opaque without its directory',
    layers: [[file('d/a', '1')], [file('d/.wh..wh..opq')]],
    expect: all(lacks('d/a'), mode('d', 0o755)),
  },
  {
    name: 'T8 opaque through our own link',
    layers: [[file('d/a', '1')], [symlink('d', 'l'), file('l/.wh..wh..opq'), file('d/b', '2')]],
    expect: all(lacks('d/a'), has('d/b', '2')),
  },
  {
    name: 'T8 opaque root',
    layers: [
      [file('a', '1'), file('d/b', '1'), file('e/f', '1')],
      [file('d/c', '2'), file('.wh..wh..opq')],
    ],
    expect: all(lacks('a'), lacks('d/b'), lacks('e'), has('d/c', '2')),
  },
  {
    name: 'T8 whiteout, then below it',
    layers: [[file('d/a', '1')], [file('.wh.d'), file('d/b', '2')]],
    expect: all(lacks('d/a'), has('d/b', '2')),
  },
  {
    name: 'T8 whiteout, then the directory',
    layers: [[file('d/a', '1')], [file('.wh.d'), dir('d', 0o700), file('d/b', '2')]],
    expect: all(lacks('d/a'), has('d/b', '2'), mode('d', 0o700)),
  },
  {
    name: 'T8 directory, then its whiteout',
    layers: [[file('d/a', '1')], [dir('d', 0o700), file('d/b', '2'), file('.wh.d')]],
    expect: all(lacks('d/a'), has('d/b', '2'), mode('d', 0o700)),
  },
  {
    name: 'T8 file, then its whiteout',
    layers: [[file('x', '1')], [file('x', '2'), file('.wh.x')]],
    expect: has('x', '2'),
  },
  {
    name: 'T8 three layers',
    layers: [[file('d/a', '1')], [file('.wh.d')], [file('d/c', '3')]],
    expect: all(lacks('d/a'), has('d/c', '3')),
  },
  // T9 overlay's own control data
  { name: 'T9 0:0 device', layers: [etc, [device('etc', [0, 0])]], expect: 'LAYER_BAD_DEVICE' },
  { name: 'T9 0:0 device somewhere new', layers: [[device('dev/x', [0, 0])]], expect: 'LAYER_BAD_DEVICE' },
  ...[
    'trusted.overlay.opaque',
    'trusted.overlay.redirect',
    'trusted.overlay.metacopy',
    'trusted.overlay.whiteout',
    'user.overlay.opaque',
    'trusted.overlay.overlay.opaque',
  ].map((name) => ({
    name: `T9 ${name}`,
    layers: [
      etc,
      [
        dir('etc', 0o755, {
          xattrs: { [name]: name.endsWith('redirect') ? '/canary' : 'y', 'user.kept': 'v' },
        }),
      ],
    ],
    expect: has('etc/passwd', 'inside'),
  })),
  // T10 nodes
  {
    name: 'T10 nodes',
    layers: [
      [
        device('c', [1, 3], { mode: 0o666 }),
        { name: 'b', type: '4', major: 8, minor: 0 },
        { name: 'p', type: '6' },
      ],
    ],
    expect: mode('c', 0o666),
  },
  {
    name: 'T10 node replaced by nodes',
    layers: [[file('x', '1')], [{ name: 'x', type: '6' }]],
    expect: (root) => expect(lstatSync(join(root, 'x')).isFIFO()).toBe(true),
  },
  { name: 'T10 major out of range', layers: [[device('c', [4096, 0])]], expect: 'LAYER_BAD_DEVICE' },
  { name: 'T10 minor out of range', layers: [[device('c', [1, 2 ** 20])]], expect: 'LAYER_BAD_DEVICE' },
  { name: 'T10 negative minor', layers: [[device('c', [1, -1])]], expect: 'LAYER_BAD_DEVICE' },
  {
    name: 'T10 unknown type',
    layers: [[{ name: 'x', type: 'Z', content: 'body' }, file('y', 'a')]],
    expect: all(lacks('x'), has('y', 'a')),
  },
  // T11 modes
  {
    name: 'T11 setuid, setgid, sticky',
    layers: [[file('s', '', { mode: 0o6755, uid: 7, gid: 8 }), dir('t', 0o1777)]],
    expect: all(mode('s', 0o6755), mode('t', 0o1777)),
  },
  {
    name: 'T11 0000 directory with children',
    layers: [[dir('d', 0), file('d/x', 'a')]],
    expect: all(mode('d', 0), has('d/x', 'a')),
  },
  {
    name: 'T11 implied directories',
    layers: [[file('a/b/c', 'x')]],
    expect: all(mode('a', 0o755), mode('a/b', 0o755)),
  },
  {
    name: 'T11 implied directories keep the metadata of the layer below',
    layers: [
      [dir('tmp', 0o1777, { uid: 3, xattrs: { 'user.a': 'b' } }), dir('d', 0o700)],
      [file('tmp/x', 'a'), file('d/e/f', 'a')],
    ],
    expect: all(mode('tmp', 0o1777), mode('d', 0o700)),
  },
  {
    name: 'T11 implied directory in an opaque one is new',
    layers: [[dir('d/e', 0o700)], [file('d/.wh..wh..opq'), file('d/e/f', 'a')]],
    expect: mode('d/e', 0o755),
  },
  // T12 xattrs
  {
    name: 'T12 user attribute on a link',
    layers: [[symlink('x', 'l', { xattrs: { 'user.a': 'b' } })]],
    expect: linkTo('l', 'x'),
  },
  {
    name: 'T12 70 KiB',
    layers: [[file('x', '', { xattrs: { 'user.a': Buffer.alloc(70_000) } })]],
    expect: 'LAYER_BAD_XATTR',
  },
  {
    name: 'T12 broken capability',
    layers: [[file('x', '', { xattrs: { 'security.capability': 'junk' } })]],
    expect: 'LAYER_BAD_XATTR',
  },
  {
    name: 'T12 unknown namespace',
    layers: [[file('x', 'a', { xattrs: { 'foo.bar': 'b' } })]],
    expect: has('x', 'a'),
  },
  {
    name: 'T12 attributes do not leak from the layer below',
    layers: [
      [dir('d', 0o755, { xattrs: { 'user.a': '1', 'user.b': '1' } })],
      [dir('d', 0o755, { xattrs: { 'user.b': '2' } })],
    ],
    expect: mode('d', 0o755),
  },
  // T17 flips
  {
    name: 'T17 dir, file, link, dir',
    layers: [
      [file('x/a', '1')],
      [dir('x'), file('x', 'f'), symlink('/canary', 'x'), dir('x'), file('x/b', '2')],
    ],
    expect: all(lacks('x/a'), has('x/b', '2')),
  },
  {
    name: 'T17 duplicate entries',
    layers: [[file('x', '1'), file('x', '2'), file('./x', '3')]],
    expect: has('x', '3'),
  },
  {
    name: 'T17 file where parent is a file',
    layers: [[file('a', '1'), file('a/b', '2')]],
    expect: 'LAYER_BAD_PATH',
  },
  {
    name: 'T17 fifo as a parent',
    layers: [[{ name: 'a', type: '6' }, file('a/b', '2')]],
    expect: 'LAYER_BAD_PATH',
  },
  { name: 'T17 10 000 deep', layers: [[file(`${'a/'.repeat(10_000)}x`, '1')]], expect: 'LAYER_BAD_NAME' },
  {
    name: 'T17 1 000 deep',
    layers: [[file(`${'a/'.repeat(1000)}x`, '1')]],
    expect: (root) => expect(exists(root, 'a/a/a')).toBe(true),
  },
  { name: 'T17 255-byte name', layers: [[file('n'.repeat(255), '1')]], expect: has('n'.repeat(255), '1') },
  { name: 'T17 256-byte name', layers: [[file('n'.repeat(256), '1')]], expect: 'LAYER_BAD_NAME' },
  {
    name: 'T17 names that are not UTF-8',
    layers: [
      [
        file(Buffer.from('f\xff', 'latin1'), '1'),
        file(Buffer.from('f\xfe', 'latin1'), '2'),
        file('new\nline', '3'),
        file('-rf', '4'),
        file('a\\b', '5'),
      ],
    ],
    expect: all(has('new\nline', '3'), has('-rf', '4'), has('a\\b', '5')),
  },
  {
    name: 'T17 file over a full directory',
    layers: [[file('d/e/f', '1')], [file('d', '2')]],
    expect: has('d', '2'),
  },
  {
    name: 'T17 directory over a link',
    layers: [[...etc, symlink('etc', 'l')], [dir('l', 0o711)]],
    expect: all(mode('l', 0o711), mode('etc', 0o755)),
  },
  // T18 numbers
  { name: 'T18 uid -1', layers: [[file('x', '', { uid: -1 })]], expect: 'LAYER_BAD_OWNER' },
  { name: 'T18 uid 2^32-1', layers: [[file('x', '', { uid: 2 ** 32 - 1 })]], expect: 'LAYER_BAD_OWNER' },
  { name: 'T18 gid 2^32', layers: [[file('x', '', { gid: 2 ** 32 })]], expect: 'LAYER_BAD_OWNER' },
  {
    name: 'T18 uid 2^53 by PAX',
    layers: [[file('x', '', { pax: { uid: '9007199254740993' } })]],
    expect: 'LAYER_BAD_HEADER',
  },
  {
    name: 'T18 uid 2^32-2',
    layers: [[file('x', '', { uid: 2 ** 32 - 2 })]],
    expect: (root) => expect(lstatSync(join(root, 'x')).uid).toBe(2 ** 32 - 2),
  },
  {
    name: 'T18 uid 2^31',
    layers: [[file('x', '', { uid: 2 ** 31 })]],
    expect: (root) => expect(lstatSync(join(root, 'x')).uid).toBe(2 ** 31),
  },
  {
    name: 'T18 mtime -1',
    layers: [[file('x', '', { mtime: -1 })]],
    expect: (root) => expect(lstatSync(join(root, 'x')).mtimeMs).toBe(0),
  },
  {
    name: 'T18 mtime 2^40',
    layers: [[file('x', '', { mtime: 2 ** 40 })]],
    expect: (root) => expect(lstatSync(join(root, 'x')).mtimeMs).toBe(0),
  },
  { name: 'T18 mode 0177777', layers: [[file('x', '', { mode: 0o177777 })]], expect: mode('x', 0o7777) },
];

/** containerd pkg/archive TestBreakouts, by its names; the base is a layer of its own here. */
const localetc = [...etc, dir('localetc')];
const BREAKOUTS: readonly Case[] = [
  {
    name: 'SymlinkAbsolute',
    layers: [[dir('etc'), symlink('/etc', 'localetc'), file('/localetc/unbroken', 'ok')]],
    expect: has('etc/unbroken', 'ok'),
  },
  {
    name: 'SymlinkUpAndOut',
    layers: [
      [dir('etc'), dir('dummy'), symlink('/dummy/../etc', 'localetc'), file('/localetc/unbroken', 'ok')],
    ],
    expect: has('etc/unbroken', 'ok'),
  },
  {
    name: 'SymlinkMultipleAbsolute',
    layers: [
      [
        dir('etc'),
        dir('dummy'),
        symlink('/etc', '/dummy/etc'),
        symlink('/dummy/etc', 'localetc'),
        file('/dummy/etc/unbroken', 'ok'),
      ],
    ],
    expect: has('etc/unbroken', 'ok'),
  },
  {
    name: 'SymlinkMultipleRelative',
    layers: [
      [
        dir('etc'),
        dir('dummy'),
        symlink('/etc', '/dummy/etc'),
        symlink('./dummy/etc', 'localetc'),
        file('/dummy/etc/unbroken', 'ok'),
      ],
    ],
    expect: has('etc/unbroken', 'ok'),
  },
  {
    name: 'SymlinkEmptyFile',
    layers: [
      [
        dir('etc'),
        file('etc/emptied', 'notempty'),
        symlink('/etc', 'localetc'),
        file('/localetc/emptied', ''),
      ],
    ],
    expect: has('etc/emptied', ''),
  },
  {
    name: 'HardlinkRelative',
    layers: [
      [
        ...etc,
        dir('breakouts'),
        symlink('../../etc', 'breakouts/d1'),
        hardlink('/breakouts/d1/passwd', 'breakouts/mypasswd'),
      ],
    ],
    expect: sameFile('breakouts/mypasswd', 'etc/passwd'),
  },
  {
    name: 'HardlinkDownAndOut',
    layers: [
      [
        ...etc,
        dir('breakouts'),
        dir('downandout'),
        symlink('../downandout/../../etc', 'breakouts/d1'),
        hardlink('/breakouts/d1/passwd', 'breakouts/mypasswd'),
      ],
    ],
    expect: sameFile('breakouts/mypasswd', 'etc/passwd'),
  },
  {
    name: 'HardlinkAbsolute',
    layers: [[...etc, symlink('/etc', 'localetc'), hardlink('/localetc/passwd', 'localpasswd')]],
    expect: sameFile('localpasswd', 'etc/passwd'),
  },
  {
    name: 'HardlinkRelativeLong',
    layers: [
      [...etc, symlink('../../../../../../../etc', 'localetc'), hardlink('/localetc/passwd', 'localpasswd')],
    ],
    expect: sameFile('localpasswd', 'etc/passwd'),
  },
  {
    name: 'HardlinkRelativeUpAndOut',
    layers: [
      [...etc, symlink('upandout/../../../etc', 'localetc'), hardlink('/localetc/passwd', 'localpasswd')],
    ],
    expect: sameFile('localpasswd', 'etc/passwd'),
  },
  {
    name: 'HardlinkDirectRelative',
    layers: [[...etc, hardlink('../../../../../etc/passwd', 'localpasswd')]],
    expect: sameFile('localpasswd', 'etc/passwd'),
  },
  {
    name: 'HardlinkDirectAbsolute',
    layers: [[...etc, hardlink('/etc/passwd', 'localpasswd')]],
    expect: sameFile('localpasswd', 'etc/passwd'),
  },
  // containerd ignores these two entries; we refuse an archive that would replace the root.
  {
    name: 'SymlinkParentDirectory',
    layers: [[...etc, symlink('/etc/', '..'), hardlink('/etc/passwd', 'localpasswd')]],
    expect: 'LAYER_BAD_ROOT',
  },
  {
    name: 'SymlinkEmptyFilename',
    layers: [[...etc, symlink('/etc/', ''), hardlink('/etc/passwd', 'localpasswd')]],
    expect: 'LAYER_BAD_ROOT',
  },
  {
    name: 'SymlinkParentRelative',
    layers: [[...etc, symlink('/etc/', 'localetc/sub/..'), hardlink('/etc/passwd', '/localetc/localpasswd')]],
    expect: sameFile('etc/localpasswd', 'etc/passwd'),
  },
  {
    name: 'SymlinkSlashEnded',
    layers: [[...etc, dir('localetc/'), hardlink('/etc/passwd', '/localetc/localpasswd')]],
    expect: sameFile('localetc/localpasswd', 'etc/passwd'),
  },
  {
    name: 'SymlinkOverrideDirectory',
    layers: [localetc, [symlink('/etc', 'localetc'), hardlink('/etc/passwd', '/localetc/localpasswd')]],
    expect: sameFile('etc/localpasswd', 'etc/passwd'),
  },
  {
    name: 'SymlinkOverrideDirectoryRelative',
    layers: [localetc, [symlink('../../etc', 'localetc'), hardlink('/etc/passwd', '/localetc/localpasswd')]],
    expect: sameFile('etc/localpasswd', 'etc/passwd'),
  },
  {
    name: 'DirectoryOverrideSymlink',
    layers: [
      [...etc, symlink('/etc', 'localetc')],
      [dir('/localetc/'), hardlink('/etc/passwd', '/localetc/localpasswd')],
    ],
    expect: sameFile('localetc/localpasswd', 'etc/passwd'),
  },
  {
    name: 'DirectoryOverrideSymlinkAndHardlink',
    layers: [
      [...etc, symlink('etc', 'localetc'), hardlink('/etc/passwd', '/localetc/localpasswd')],
      [dir('/localetc/'), file('/localetc/localpasswd', 'different')],
    ],
    expect: all(has('localetc/localpasswd', 'different'), has('etc/passwd', 'inside')),
  },
  {
    name: 'HardlinkSymlinkBeforeCreateTarget',
    layers: [
      [
        dir('etc'),
        symlink('/etc/passwd', 'localpasswd'),
        hardlink('localpasswd', 'localpasswd-dup'),
        file('/etc/passwd', 'after'),
      ],
    ],
    expect: all(linkTo('localpasswd-dup', '/etc/passwd'), has('etc/passwd', 'after')),
  },
  {
    name: 'HardlinkSymlinkRelative',
    layers: [
      [...etc, symlink('../../../../../etc/passwd', 'passwdlink'), hardlink('/passwdlink', 'localpasswd')],
    ],
    expect: linkTo('localpasswd', '../../../../../etc/passwd'),
  },
  {
    name: 'HardlinkSymlinkAbsolute',
    layers: [[...etc, symlink('/etc/passwd', 'passwdlink'), hardlink('/passwdlink', 'localpasswd')]],
    expect: linkTo('localpasswd', '/etc/passwd'),
  },
];

describe.each([
  ['malicious layers', CASES],
  ['containerd TestBreakouts', BREAKOUTS],
])('%s', (_, cases) => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = new Sandbox();
  });
  afterEach(() => sandbox[Symbol.dispose]());

  it.each(cases)('$name', async (c) => {
    await check(sandbox, c);
  });

  it.each(cases.filter((c) => c.layers.length === 1))('$name, over another layer', async (c) => {
    await check(sandbox, { ...c, layers: [[dir('below'), file('below/f', 'b')], ...c.layers] });
  });
});

async function check(sandbox: Sandbox, c: Case): Promise<void> {
  const layers = c.layers.map((members) => tar(...members));
  const executed = await execute(sandbox, layers);
  const outcomes = {
    executed,
    stacked: await stack(sandbox, layers, false),
    independent: await stack(sandbox, layers, true),
  };
  expect(sandbox.canaryIsUntouched()).toBe(true);
  for (const [way, outcome] of Object.entries(outcomes))
    expect(resultOf(outcome), way).toEqual(resultOf(executed));
  if (typeof c.expect === 'string') expect(executed).toEqual({ error: c.expect });
  else {
    if ('error' in executed) expect.fail(`refused with ${executed.error}`);
    for (const outcome of Object.values(outcomes)) if ('path' in outcome) c.expect(outcome.path);
  }
}

function resultOf(outcome: Outcome): unknown {
  return 'error' in outcome ? outcome : listing(outcome.path);
}
