import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { debianImage, layeredImage, pushLayout, StrataHome } from '@strata/test-fixtures';
import { startRegistry, type TestRegistry } from '@strata/test-fixtures/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * A power cut without device-mapper: ext4 that writes back by itself only every 1000 s, on a loop device whose file
 * is copied while the command runs. The copy holds what had reached the disk, and nothing else.
 */
class Disk implements Disposable {
  readonly #base = mkdtempSync('/dev/shm/strata-power-');
  readonly #mounted: string[] = [];
  readonly directory: string;

  constructor(bytes: number) {
    execFileSync('truncate', ['-s', String(bytes), join(this.#base, 'disk')]);
    execFileSync('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=1', join(this.#base, 'disk')]);
    this.directory = this.#mount('disk');
  }

  #mount(name: string): string {
    const target = join(this.#base, `${name}.mounted`);
    mkdirSync(target);
    execFileSync('mount', ['-o', 'loop,commit=1000', join(this.#base, name), target]);
    this.#mounted.push(target);
    return target;
  }

  /** The same disk as it would be found after a power cut now. */
  cut(name: string): () => string {
    execFileSync('cp', ['--sparse=always', join(this.#base, 'disk'), join(this.#base, name)]);
    return () => this.#mount(name);
  }

  [Symbol.dispose](): void {
    for (const target of this.#mounted.toReversed()) execFileSync('umount', ['-R', '-l', target]);
    rmSync(this.#base, { recursive: true, force: true });
  }
}

describe('a power cut', () => {
  let registry: TestRegistry;
  let layered: string;
  let debian: string;
  beforeAll(async () => {
    registry = await startRegistry();
    layered = `${registry.address}/layered:1`;
    debian = `${registry.address}/debian:1`;
    pushLayout(layeredImage(), layered);
    pushLayout(debianImage(), debian);
  });
  afterAll(async () => registry?.stop());

  /** The store of `home` on another mount of its disk. */
  const found = (home: StrataHome, disk: Disk, mountpoint: string) => ({
    STRATA_ROOT: home.root.replace(disk.directory, mountpoint),
    STRATA_RUN: home.run.replace(disk.directory, mountpoint),
  });

  it('right after a pull loses nothing', async () => {
    using disk = new Disk(2 * 1024 ** 3);
    await using home = new StrataHome(disk.directory);
    await home.ok('pull', debian);
    const env = found(home, disk, disk.cut('after')());
    const files =
      'find / -xdev -type f -size 0 | grep -c -E "^/usr/(bin|lib)/[^/]*$"; git --version; sha256sum /usr/bin/git';
    const after = await home.strata(['run', '--rm', debian, 'sh', '-c', files], { env });
    const before = await home.strata(['run', '--rm', debian, 'sh', '-c', files]);
    expect(before.stdout).toMatch(/git version/);
    expect(after).toEqual(before);
    expect(await home.strata(['check', '--deep'], { env })).toMatchObject({ code: 0 });
  });

  it('at any instant of a pull leaves a store that works', async () => {
    for (const delay of [60, 120, 180, 240, 320, 400, 500]) {
      using disk = new Disk(256 * 1024 ** 2);
      await using home = new StrataHome(disk.directory);
      const pull = home.strata(['pull', layered]);
      await sleep(delay);
      const mount = disk.cut('during');
      expect(await pull).toMatchObject({ code: 0 });
      const env = found(home, disk, mount());
      const run = ['run', '--rm', layered, 'cat', '/data/changed', '/data/replaced/new', '/data/kept'];
      expect(await home.strata(['check', '--repair'], { env }), `${delay} ms`).toMatchObject({ code: 0 });
      expect(await home.strata(run, { env }), `${delay} ms`).toMatchObject({
        code: 0,
        stdout: 'changed 2\nnew 3\nkept 1\n',
      });
      expect(await home.strata(['check', '--deep'], { env }), `${delay} ms`).toMatchObject({ code: 0 });
    }
  });
});
