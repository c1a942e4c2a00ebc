import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RegistryStage, registryStage, type Stage, stage } from './setup.ts';

describe('the first hour with Strata', () => {
  let place: Stage;
  let registry: RegistryStage;

  beforeAll(async () => {
    [place, registry] = await Promise.all([stage({ btrfs: true }), registryStage()]);
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  it('pulls a real image and runs it on three drivers over one image store', async () => {
    const { home } = place;
    await home.ok('pull', registry.debian);
    for (const storage of ['overlay', 'btrfs', 'vfs'])
      expect(
        await home.ok('run', '--rm', `--storage=${storage}`, registry.debian, 'git', '--version'),
      ).toMatch(/^git version 2\./);
    expect(
      JSON.parse(await home.ok('inspect', '--format', '{{json .RootFS.Layers}}', registry.debian)),
    ).toHaveLength(4);
    expect(await home.ok('ps', '-aq')).toBe('');
  });

  it('keeps setuid bits, capabilities and deletions of upper layers', async () => {
    const { home } = place;
    for (const storage of ['overlay', 'btrfs', 'vfs']) {
      const run = (...command: string[]) =>
        home.ok('run', '--rm', `--storage=${storage}`, registry.debian, ...command);
      expect(await run('stat', '-c', '%a', '/usr/bin/su')).toBe('4755');
      expect(await run('getcap', '/usr/bin/ping')).toBe('/usr/bin/ping cap_net_raw=ep');
      expect(await run('sh', '-c', 'ls /var/lib/apt/lists | wc -l')).toBe('0');
    }
  });

  it('lives through a day of a container', async () => {
    const { home } = place;
    const before = home.traces();
    const id = await home.ok('run', '-d', '--name', 'web', registry.debian, 'sh', '-c', 'echo up; sleep 600');
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await home.ok('ps', '--format', '{{.Names}} {{.Image}}')).toBe(`web ${registry.debian}`);
    await expect.poll(() => home.ok('logs', 'web')).toBe('up');
    expect(await home.ok('exec', 'web', 'sh', '-c', 'echo changed >/etc/motd; cat /etc/hostname')).toBe(
      id.slice(0, 12),
    );
    expect((await home.ok('diff', 'web')).split('\n')).toEqual(
      expect.arrayContaining(['C /etc', expect.stringMatching(/^[AC] \/etc\/motd$/)]),
    );
    expect(await home.ok('commit', '--change', 'CMD ["cat", "/etc/motd"]', 'web', 'my:1')).toMatch(
      /^sha256:[0-9a-f]{64}$/,
    );
    expect(await home.ok('run', '--rm', 'my:1')).toBe('changed');
    await home.ok('rm', '-f', 'web');
    await home.ok('rmi', 'my:1');
    expect(await home.ok('check')).not.toMatch(/[A-Z]+_[A-Z]+/);
    await expect.poll(() => home.traces()).toEqual(before);
  });

  it('goes back to where it was after rmi', async () => {
    const { home } = place;
    await home.ok('rmi', registry.debian);
    await home.ok('storage', 'prune');
    const { layers, ...rest } = home.traces();
    expect(Object.values(layers).flat()).toEqual([]);
    expect(rest.containers).toEqual([]);
    expect(await home.ok('images', '-aq')).toBe('');
  });
});
