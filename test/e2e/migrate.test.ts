import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { invoke, layeredImage, type Outcome } from '@strata/test-fixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAt, type Step, steps } from '../faults/kill.ts';
import { packed } from './packages.ts';
import { type Stage, stage } from './setup.ts';

/** All that a container can do to its files, done from outside through its own mount. */
const havoc = `
set -e
mkdir -p work/deep/er work/sticky
cd work
printf hostile > "$(printf 'bad\\377name')"
printf hostile > "$(printf 'new\\nline')"
printf hostile > '.wh.fake'
printf hostile > ' -rf ; *'
mkfifo pipe
perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("socket")) or die'
mknod device c 1 3
printf x > setuid; chown 1000:2000 setuid; chmod 6755 setuid
printf x > attributes; setfattr -n user.note -v one attributes; setfattr -n trusted.secret -v two attributes
setfattr -n trusted.directory -v three deep
cp ../bin/busybox capable; setcap cap_net_raw+ep capable
printf links > first; ln first second; ln first deep/third; ln ../bin/busybox linked-to-image
ln -s ../nowhere dangling; chown -h 7:8 dangling
printf end > sparse; truncate -s 40M sparse; printf end >> sparse
chmod 1777 sticky; chown 5:6 sticky
touch -d '2001-02-03 04:05:06.123456789' first deep/er
touch -h -d '1999-01-01 00:00:00.5' dangling
touch -d '2002-02-02 02:02:02.222222222' deep
cd ../data
rm -r replaced kept; mkdir replaced; printf own > replaced/own
rm changed; mkdir changed
cd ../etc
chmod 600 passwd; chown 12:13 passwd
cp -p group group.before
printf 'ROOT' | dd of=group conv=notrunc status=none; touch -r group.before group; rm group.before
touch -d '2003-03-03 03:03:03.333333333' ../var
rmdir ../usr
`;

/** All of a tree that find, sha256sum and getfattr see, but for what every start mounts anew; no code of ours. */
const portrait = `
set -e
all() {
  find . -xdev \\( -path ./dev -o -path ./proc -o -path ./sys -o -path ./etc/hosts -o -path ./etc/hostname \\
    -o -path ./etc/resolv.conf \\) -prune -o "$@"
}
all -type d -printf '%P\\t%y\\t%m\\t%U\\t%G\\t%T@\\n' | sort
all ! -type d -printf '%P\\t%y\\t%m\\t%U\\t%G\\t%s\\t%T@\\t%l\\n' | sort
all -type f -print0 | sort -z | xargs -0 sha256sum -z
all -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex
all \\( -type c -o -type b \\) -print0 | sort -z | xargs -0 stat -c '%n %t %T'
stat -c %i work/first work/second work/deep/third | uniq | wc -l
stat -c %i bin/busybox work/linked-to-image | uniq | wc -l
`;

describe('strata migrate', () => {
  let place: Stage;
  const home = () => place.home;
  beforeAll(async () => {
    place = await stage({ btrfs: true });
    await home().ok('driver', 'add', await packed('layer-erofs', place.filesystem.directory));
    await home().ok('load', '-i', layeredImage().layout);
    await home().ok('tag', (await home().ok('images', '-q')).split('\n')[0]!, 'layered:1');
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  const storageOf = (name: string) => home().ok('inspect', '--format', '{{.GraphDriver.Name}}', name);

  /** Run a script in the root of a container, which is started for that and stopped again. */
  async function inside(name: string, script: string): Promise<string> {
    await home().ok('start', name);
    const pid = await home().ok('inspect', '--format', '{{.State.Pid}}', name);
    const env = { LC_ALL: 'C' };
    const done = await invoke('sh', ['-c', script], { cwd: `/proc/${pid}/root`, env });
    await home().ok('kill', name);
    await home().ok('wait', name);
    if (done.code !== 0) throw new Error(done.stderr);
    return done.stdout;
  }

  const create = (name: string, storage: string) =>
    home().ok('create', '--name', name, `--storage=${storage}`, 'layered:1', 'sleep', '1000');

  const builtIn = ['overlay', 'btrfs', 'vfs'].flatMap((from) =>
    ['overlay', 'btrfs', 'vfs'].filter((to) => to !== from).map((to) => [from, to] as const),
  );
  const pairs = [...builtIn, ['overlay', 'erofs'], ['erofs', 'btrfs']] as const;

  it.each(pairs)('moves all of a container from %s to %s', async (from, to) => {
    const name = `${from}-${to}`;
    await create(name, from);
    await inside(name, havoc);
    const before = await inside(name, portrait);
    expect(before).toContain('trusted.secret');
    const diff = await home().ok('diff', name);
    const moved = JSON.parse(await home().ok('--json', 'migrate', name, '--to', to));
    expect(moved).toMatchObject({ name, from, to });
    expect(moved.changes).toBeGreaterThan(25);
    expect(await storageOf(name)).toBe(to);
    expect(await home().ok('diff', name)).toBe(diff);
    expect(await inside(name, portrait)).toBe(before);
    await home().ok('rm', name);
    expect(await home().ok('check')).not.toMatch(/\b[A-Z]+_[A-Z_]+\b/);
  });

  it('commits to the same layer before and after', async () => {
    await create('committed', 'overlay');
    await inside('committed', 'printf x > data/new; rm data/kept; rm -r data/replaced; mkdir data/replaced');
    const layers = async (tag: string) => {
      await home().ok('commit', 'committed', tag);
      return home().ok('inspect', '--format', '{{json .RootFS.Layers}}', tag);
    };
    const before = await layers('before:1');
    await home().ok('migrate', 'committed', '--to=btrfs');
    expect(await layers('after:1')).toBe(before);
    await home().ok('rm', 'committed');
  });

  it('refuses what it should, and says what to do', async () => {
    await create('refused', 'overlay');
    const fails = async (...args: string[]): Promise<Outcome> =>
      home().strata(['--json', 'migrate', ...args]);
    expect(await fails('refused', '--to=overlay')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('MIGRATE_SAME_DRIVER'),
    });
    expect(await fails('refused', '--to=zfs')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('DRIVER_UNKNOWN'),
    });
    expect((await fails('refused')).stderr).toContain('MIGRATE_WITHOUT_DRIVER');
    expect((await fails('--to=vfs')).stderr).toContain('MIGRATE_WITHOUT_CONTAINER');
    expect((await fails('nobody', '--to=vfs')).stderr).toContain('CONTAINER_NOT_FOUND');
    await home().ok('start', 'refused');
    const running = await home().strata(['migrate', 'refused', '--to=vfs']);
    expect(running).toMatchObject({ code: 1, stderr: expect.stringMatching(/strata stop refused/) });
    await home().ok('kill', 'refused');
    await home().ok('wait', 'refused');
    expect(await storageOf('refused')).toBe('overlay');
    await home().ok('rm', 'refused');
  });

  it('keeps the container where it was when a file cannot follow', async () => {
    await create('stuck', 'vfs');
    // A 0:0 device is how overlay says "deleted", so it lets nobody make one.
    await inside('stuck', 'mknod data/whiteout c 0 0; printf kept > data/mine');
    const { code, stderr } = await home().strata(['--json', 'migrate', 'stuck', '--to=overlay']);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('MIGRATE_FILE_UNSUPPORTED'),
    });
    expect(stderr).toContain('/data/whiteout');
    expect(await storageOf('stuck')).toBe('vfs');
    expect(await inside('stuck', 'cat data/mine')).toBe('kept');
    await home().ok('rm', 'stuck');
    expect(await home().ok('check')).not.toMatch(/\b[A-Z]+_[A-Z_]+\b/);
  });

  it('keeps the container where it was when the other driver has no room, and names what is full', async () => {
    await create('large', 'overlay');
    await inside('large', 'head -c 300M /dev/urandom > data/large');
    // The pool's own space, in pieces: what is left is less than that, and the store's filesystem has plenty.
    const pool = join(home().root, 'layers/btrfs');
    const filler = join(pool, '.filler');
    for (let n = 0; (await invoke('fallocate', ['-l', '100M', filler + n])).code === 0; n++);
    const { code, stderr } = await home().strata(['migrate', 'large', '--to=btrfs']);
    for (const name of readdirSync(pool)) if (name.startsWith('.filler')) rmSync(join(pool, name));
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /No space left on the btrfs .*layers\/btrfs .*\nhint: .*stays where it was/,
      ),
    });
    expect(await storageOf('large')).toBe('overlay');
    await home().ok('rm', 'large');
    expect(await home().ok('check')).not.toMatch(/\b[A-Z]+_[A-Z_]+\b/);
  });

  it('moves all at once, onto an image unpacked ahead', async () => {
    await home().ok('image', 'unpack', '--storage=vfs', 'layered:1');
    for (const [name, storage] of [
      ['one', 'overlay'],
      ['two', 'btrfs'],
      ['three', 'vfs'],
    ] as const)
      await create(name, storage);
    const moved = await home().ok('migrate', '--all', '--quiet', '--to=vfs');
    expect(moved.split('\n').sort()).toEqual(['one', 'two']);
    for (const name of ['one', 'two', 'three']) expect(await storageOf(name)).toBe('vfs');
    expect(await home().ok('migrate', '--all', '--to=vfs')).toBe('');
    await home().ok('rm', 'one', 'two', 'three');
  });

  it.each([
    ['overlay', 'btrfs'],
    ['btrfs', 'overlay'],
  ])('leaves one whole copy when killed on the way from %s to %s', { timeout: 900_000 }, async (from, to) => {
    const every = process.env['STRATA_FAULTS'] === 'all';
    const name = `killed-${from}`;
    await create(name, from);
    await inside(name, havoc);
    const before = await inside(name, portrait);
    const diff = await home().ok('diff', name);
    const clean = home().traces().mounts;
    const kills: Partial<Record<Step, number>> = {};
    const outcomes = new Set<string>();
    for (const step of steps)
      for (let nth = 1; ; nth = every ? nth + 1 : nth * 2) {
        if ((await storageOf(name)) !== from) await home().ok('migrate', name, '--to', from);
        const { code } = await killAt(home(), step, nth, ['migrate', name, '--to', to]);
        if (code === 0) break;
        kills[step] = (kills[step] ?? 0) + 1;
        const where = `killed at ${step} ${nth}`;
        outcomes.add(await storageOf(name));
        // The next command over it, and then none at all, clears up.
        if (nth === 2) expect(await inside(name, portrait), where).toBe(before);
        expect.soft(await home().strata(['check', '--repair']), where).toMatchObject({ code: 0 });
        expect.soft(await home().ok('check'), where).not.toMatch(/\b[A-Z]+_[A-Z_]+\b/);
        expect.soft(home().traces().mounts, where).toEqual(clean);
        expect.soft(await home().ok('diff', name), where).toBe(diff);
        expect.soft(layersOf(), where).toBe(1);
      }
    console.log(`${from} to ${to}: killed ${JSON.stringify(kills)}, found on ${[...outcomes].join(' or ')}`);
    // strace counts per thread, so the first of a kind may be the only one.
    for (const step of ['mount', 'umount2', 'mkdir', 'unlink', 'write-db'] as const)
      expect(kills[step], step).toBeGreaterThan(0);
    expect(await inside(name, portrait)).toBe(before);
    await home().ok('rm', name);
  });

  /** Active layers on any driver, read from the store's own table by sqlite. */
  function layersOf(): number {
    using database = new DatabaseSync(`${home().root}/strata.db`, { readOnly: true });
    return Number(database.prepare("SELECT count(*) AS n FROM layers WHERE kind = 'active'").get()?.n);
  }
});
