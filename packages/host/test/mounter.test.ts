import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createHost } from '@strata/host';
import { describe, expect, it } from 'vitest';
import { mountsBelow, parseMountInfo } from '../src/mount/mountinfo.ts';
import { rejection, scratch } from './fixtures/scratch.ts';

const { mounter } = createHost();
const tmpfs = { type: 'tmpfs', source: 'tmpfs', options: ['size=1m', 'nosuid', 'nodev'] };

describe('Mounter', () => {
  it('makes a read-only bind that keeps the flags of its source and spares it', async () => {
    const root = scratch();
    for (const name of ['a', 'b']) mkdirSync(`${root}/${name}`);
    await mounter.mount([tmpfs], `${root}/a`);
    await mounter.mount([{ type: 'bind', source: `${root}/a`, options: ['rbind', 'ro'] }], `${root}/b`);
    try {
      writeFileSync(`${root}/a/f`, 'written');
      expect(() => writeFileSync(`${root}/b/g`, 'x')).toThrow(/EROFS/);
      const [info] = await mounter.list(`${root}/b`);
      expect(info?.options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev']));
    } finally {
      await mounter.unmount(root);
    }
    expect(await mounter.list(root)).toEqual([]);
  });

  it('mounts an overlay of 128 layers by short relative names below a long root', async () => {
    const base = `${scratch()}/${'long-root-'.repeat(20)}`;
    for (let n = 0; n < 128; n++) {
      mkdirSync(`${base}/l/${n}`, { recursive: true });
      writeFileSync(`${base}/l/${n}/file-${n}`, String(n));
    }
    for (const name of ['upper', 'work']) mkdirSync(`${base}/${name}`);
    const lower = Array.from({ length: 128 }, (_, n) => `l/${n}`).join(':');
    const options = [`lowerdir=${lower}`, 'upperdir=upper', 'workdir=work'];
    const before = process.cwd();
    await mounter.withMounted([{ type: 'overlay', source: 'overlay', options, base }], async (place) => {
      expect(readdirSync(place)).toHaveLength(128);
      writeFileSync(`${place}/new`, 'n');
      const propagation = readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .find((line) => line.includes(place));
      expect(propagation).not.toMatch(/shared:/);
    });
    expect(readFileSync(`${base}/upper/new`, 'utf8')).toBe('n');
    expect(process.cwd()).toBe(before);
  });

  it('starts a relative base at the target, where earlier mounts of the description are', async () => {
    const root = scratch();
    for (const name of ['layer/lower', 'layer/upper', 'layer/work', 'content'])
      mkdirSync(`${root}/${name}`, { recursive: true });
    writeFileSync(`${root}/content/below`, 'b');
    const mounts = [
      { type: 'bind', source: `${root}/layer`, options: ['bind', 'rw'] },
      { type: 'bind', source: `${root}/content`, options: ['bind', 'ro'], target: 'lower' },
      {
        type: 'overlay',
        source: 'overlay',
        base: '.',
        options: ['lowerdir=lower', 'upperdir=upper', 'workdir=work'],
      },
    ];
    await mounter.withMounted(mounts, async (place) => {
      expect(readdirSync(place)).toEqual(['below']);
      writeFileSync(`${place}/new`, 'n');
    });
    expect(readdirSync(`${root}/layer/upper`)).toEqual(['new']);
    expect(readdirSync(`${root}/layer/lower`)).toEqual([]);
  });

  it('refuses data beyond a page, shared propagation, and says why a mount failed', async () => {
    const target = scratch();
    const long = await rejection(mounter.mount([{ ...tmpfs, options: [`x=${'y'.repeat(4096)}`] }], target));
    expect([long.kind, long.code]).toEqual(['invalid-argument', 'MOUNT_OPTIONS_TOO_LONG']);
    const shared = await rejection(mounter.mount([{ ...tmpfs, options: ['shared'] }], target));
    expect(shared.code).toBe('MOUNT_SHARED');
    const unknown = await rejection(mounter.mount([{ type: 'nosuchfs', source: 'x', options: [] }], target));
    expect([unknown.kind, unknown.code]).toEqual(['unsupported', 'MOUNT_FAILED']);
    const missing = await rejection(mounter.mount([tmpfs], `${target}/no`));
    expect([missing.kind, missing.code]).toEqual(['not-found', 'MOUNT_FAILED']);
  });

  it('undoes the first mounts when a later one fails, and keeps targets inside', async () => {
    const root = scratch();
    const bad = { type: 'bind', source: `${root}/no`, options: ['bind'] };
    await rejection(mounter.mount([tmpfs, { ...tmpfs, target: '../../..' }, bad], root));
    expect(await mounter.list(root)).toEqual([]);
  });

  it('unmounts stacked, nested and busy mounts, and nothing is fine too', async () => {
    const root = scratch();
    await mounter.mount([tmpfs, tmpfs], root);
    mkdirSync(`${root}/with space\n`);
    await mounter.mount([tmpfs], `${root}/with space\n`);
    expect((await mounter.list(root)).map(({ target }) => target)).toEqual([
      root,
      root,
      `${root}/with space\n`,
    ]);
    const before = process.cwd();
    process.chdir(`${root}/with space\n`);
    try {
      await mounter.unmount(root);
      expect(await mounter.list(root)).toEqual([]);
    } finally {
      process.chdir(before);
    }
    await mounter.unmount(root);
    await mounter.unmount('/no/such/place');
  });

  it('takes down what a killed process left in the directory of a store, and nothing of a living one', async () => {
    const mountDirectory = `${scratch()}/mounts`;
    const script = `import { createHost } from '@strata/host';
      const { mounter } = createHost({ mountDirectory: ${JSON.stringify(mountDirectory)} });
      await mounter.withMounted([${JSON.stringify(tmpfs)}], () => process.kill(process.pid, 'SIGKILL'));`;
    spawnSync(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
    });
    const first = createHost({ mountDirectory }).mounter;
    const [left, ...others] = await first.abandoned();
    expect(others).toEqual([]);
    expect(await first.list(left)).toMatchObject([{ type: 'tmpfs' }]);
    await first.withMounted([tmpfs], async (ours) => {
      expect(readdirSync(mountDirectory)).toEqual([basename(ours)]);
      const second = createHost({ mountDirectory }).mounter;
      await second.withMounted([tmpfs], async () => expect(readdirSync(mountDirectory)).toHaveLength(2));
      expect(await second.abandoned()).toEqual([]);
    });
    expect(await first.list(mountDirectory)).toEqual([]);
  });

  it('reads mountinfo with escapes, optional fields and UTF-8', () => {
    const line =
      '36 35 98:0 /mnt1 /a\\040b\\134\\303\\244 rw,noatime master:1 shared:2 - ext3 /dev/ro\\011ot rw,errors=continue\n';
    expect(parseMountInfo(line)).toEqual([
      {
        id: 36,
        parent: 35,
        root: '/mnt1',
        target: '/a b\\ä',
        type: 'ext3',
        source: '/dev/ro\tot',
        options: ['rw', 'noatime', 'errors=continue'],
      },
    ]);
  });

  it('finds what is mounted at or below a directory, however its name is written', () => {
    const line = (target: string, root = '/') => `36 35 0:3 ${root} ${target} rw - tmpfs none rw\n`;
    const content = [
      line('/a'),
      line('/other', '/a/b'),
      line('/a/b'),
      line('/a/bc'),
      line('/a/b/\\303\\244\\040x'),
      line('/a/b'),
    ].join('');
    const targets = (directory: string) => mountsBelow(content, directory).map(({ target }) => target);
    expect(targets('/a/b')).toEqual(['/a/b', '/a/b/ä x', '/a/b']);
    expect(targets('/a/b/ä x')).toEqual(['/a/b/ä x']);
    expect(targets('/a/bc')).toEqual(['/a/bc']);
    expect(targets('/')).toHaveLength(6);
    expect(targets('/b')).toEqual([]);
  });
});
