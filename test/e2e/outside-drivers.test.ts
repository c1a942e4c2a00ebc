/** The two drivers that do not come with Strata, as their users get them: `npm pack`, `strata driver add`, `--storage`. */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './packages.ts';
import { gib, loadBusybox, type Stage, stage } from './setup.ts';

const repository = resolve(import.meta.dirname, '../..');
let place: Stage;
let archives: string;
beforeAll(async () => {
  place = await stage({ busybox: true, size: 4 * gib });
  archives = join(place.filesystem.directory, 'archives');
  mkdirSync(archives);
});
afterAll(() => place?.[Symbol.asyncDispose]());

describe.each(['fuse-overlayfs', 'erofs'])('%s', (id) => {
  it('is packed, added and found to work here', async () => {
    await run('npm', ['pack', '--pack-destination', archives], join(repository, `drivers/layer-${id}`));
    const file = join(archives, `strata-driver-${id}-0.1.0.tgz`);
    expect(await place.home.ok('driver', 'add', file)).toContain(`--storage=${id}`);
    expect(await place.home.ok('driver', 'inspect', '--format', '{{.Supported}}', id)).toBe('true');
  });

  it('runs, commits and removes containers, and leaves no mount and no process', async () => {
    const { home } = place;
    await loadBusybox(home);
    const before = home.traces();
    const on = (...args: readonly string[]) => home.ok('run', `--storage=${id}`, ...args);
    const script =
      'rm /bin/wget; echo new > /etc/new; mkdir /etc/dir; cat /etc/new; ls /bin/wget 2>&1; mount';
    const seen = await on('--name', `first-${id}`, 'busybox:latest', 'sh', '-c', script);
    expect(seen).toMatch(/^new\n.*No such file/s);
    expect(seen).toMatch(id === 'erofs' ? /^overlay on \/ /m : /^fuse-overlayfs on \/ /m);
    expect(await home.ok('diff', `first-${id}`)).toMatch(/^D \/bin\/wget$/m);
    await home.ok('commit', `first-${id}`, `changed:${id}`);
    expect(await on('--rm', `changed:${id}`, 'sh', '-c', 'cat /etc/new; ls /bin/wget 2>&1; true')).toMatch(
      /^new\n.*No such file/s,
    );
    await home.ok('rm', `first-${id}`);
    await home.ok('rmi', `changed:${id}`);
    const { mounts, processes } = home.traces();
    expect({ mounts, processes }).toEqual({ mounts: before.mounts, processes: before.processes });
  });

  it('goes once nothing needs it', async () => {
    const { home } = place;
    await home.ok('rmi', 'busybox:latest');
    expect(await home.ok('driver', 'rm', id)).toBe(`strata-driver-${id}`);
  });
});

it('erofs keeps an image in less space than its files take', async () => {
  const { home } = place;
  await home.ok('driver', 'add', join(archives, 'strata-driver-erofs-0.1.0.tgz'));
  await loadBusybox(home);
  await home.ok('run', '--rm', '--storage=erofs', 'busybox:latest', 'true');
  await home.ok('run', '--rm', '--storage=overlay', 'busybox:latest', 'true');
  const packed = readdirSync(join(home.root, 'layers/erofs'))
    .map((layer) => statSync(join(home.root, 'layers/erofs', layer, 'image.erofs')).size)
    .reduce((sum, size) => sum + size, 0);
  const usage = Number(
    (await run('du', ['-sk', join(home.root, 'layers/overlay')], home.root)).split('\t')[0],
  );
  expect(packed / 1024).toBeLessThan(usage * 0.8);
});
