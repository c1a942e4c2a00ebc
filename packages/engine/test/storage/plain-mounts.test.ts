import { expect, test } from 'vitest';
import { plainMounts } from '../../src/storage/plain-mounts.ts';

test('paths from a base become absolute, and nothing is held for them', () => {
  const mounts = [
    {
      type: 'overlay',
      source: 'overlay',
      base: '/r/9/l',
      options: ['rw', 'index=off', 'lowerdir=0:../../3/fs::/abs', 'upperdir=../fs', 'workdir=../work'],
    },
    { type: 'bind', source: 'x/fs', base: '/r', target: 'inside', options: ['rbind'] },
  ];
  expect(plainMounts(mounts)).toEqual([
    {
      type: 'overlay',
      source: 'overlay',
      options: [
        'rw',
        'index=off',
        'lowerdir=/r/9/l/0:/r/3/fs::/abs',
        'upperdir=/r/9/fs',
        'workdir=/r/9/work',
      ],
    },
    { type: 'bind', source: '/r/x/fs', target: '/inside', options: ['rbind'] },
  ]);
  expect(
    plainMounts([{ type: 'fuse.fuse-overlayfs', source: 'overlay', base: '/r', options: ['lowerdir=1/fs'] }]),
  ).toEqual([{ type: 'fuse.fuse-overlayfs', source: 'overlay', options: ['lowerdir=/r/1/fs'] }]);
  expect(
    plainMounts([{ type: 'erofs', source: 'x.erofs', base: '/r', options: ['loop', 'ro'] }]),
  ).toMatchObject([{ source: '/r/x.erofs' }]);
});

const bind = (source: string, target?: string) => ({
  type: 'bind',
  source,
  options: ['bind'],
  ...(target === undefined ? {} : { target }),
});

/** Each held mount by number. */
function holder() {
  const held: unknown[] = [];
  const hold = (mount: unknown) => {
    held.push(mount);
    return `/held/${held.length - 1}`;
  };
  return { held, hold };
}

test('an overlay over mounts below its own target: those are held, what is only bound is named', () => {
  const { held, hold } = holder();
  const image = (n: number, target: string) => ({
    type: 'erofs',
    source: `/r/${n}/i`,
    options: ['ro'],
    target,
  });
  const mounts = [
    bind('/r/9'),
    image(3, 'l/1'),
    bind('/r/2/fs', '/l/2/'),
    image(1, './l/3'),
    {
      type: 'overlay',
      source: 'overlay',
      base: '.',
      options: ['rw', 'lowerdir=l/1:l/2:l/3/sub', 'upperdir=fs', 'workdir=./work'],
    },
  ];
  expect(plainMounts(mounts, hold)).toEqual([
    {
      type: 'overlay',
      source: 'overlay',
      options: ['rw', 'lowerdir=/held/0:/held/1:/held/2/sub', 'upperdir=/r/9/fs', 'workdir=/r/9/work'],
    },
  ]);
  expect(held).toEqual([
    { type: 'erofs', source: '/r/3/i', options: ['ro'] },
    { type: 'bind', source: '/r/2/fs', options: ['bind'] },
    { type: 'erofs', source: '/r/1/i', options: ['ro'] },
  ]);
});

test('a filesystem on the target that a bind shows a part of; what is mounted later hides what was before', () => {
  const { held, hold } = holder();
  const disk = { type: 'ext4', source: '/r/9/disk', options: ['loop'] };
  const shown = { ...bind('../fs'), base: 'x' };
  expect(plainMounts([bind('/r/old'), disk, shown], hold)).toEqual([
    { type: 'bind', source: '/held/0/fs', options: ['bind'] },
  ]);
  expect(held).toEqual([disk]);
});

test('a held mount may use another one', () => {
  const { held, hold } = holder();
  const disk = { type: 'ext4', source: '/r/9/disk', options: ['loop'] };
  const image = { type: 'erofs', source: 'image', base: '.', options: ['loop'], target: 'l' };
  const top = { type: 'overlay', source: 'overlay', base: '.', options: ['lowerdir=l'] };
  expect(plainMounts([disk, image, top], hold)).toMatchObject([{ options: ['lowerdir=/held/1'] }]);
  expect(held).toEqual([disk, { type: 'erofs', source: '/held/0/image', options: ['loop'] }]);
});

test('what is mounted beside the view stays beside it', () => {
  const tmpfs = { type: 'tmpfs', source: 'tmpfs', target: 'tmp', options: [] };
  expect(plainMounts([bind('/r/1/fs'), tmpfs])).toEqual([
    { type: 'bind', source: '/r/1/fs', options: ['bind'] },
    { type: 'tmpfs', source: 'tmpfs', target: '/tmp', options: [] },
  ]);
  expect(plainMounts([tmpfs])).toEqual([{ ...tmpfs, target: '/tmp' }]);
});

test.for([
  ['a relative path without a base', [{ type: 'bind', source: 'x/y', options: ['bind'] }]],
  ['a path from the target before anything is there', [{ ...bind('x'), base: '.' }]],
] as const)('%s is the mistake of a driver', ([, mounts]) => {
  expect(() => plainMounts([...mounts], () => '/held')).toThrow(
    expect.objectContaining({ kind: 'internal', code: 'MOUNT_PATH_UNKNOWN' }),
  );
});
