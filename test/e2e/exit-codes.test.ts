import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';

describe('exit codes', () => {
  let place: Stage;
  beforeAll(async () => {
    place = await stage({ busybox: true });
  });
  afterAll(async () => place?.[Symbol.asyncDispose]());

  const cases: [what: string, args: string[], code: number, stderr: RegExp][] = [
    ['the process’s own', ['run', '--rm', 'busybox', 'sh', '-c', 'exit 3'], 3, /^$/],
    ['128+n after a signal', ['run', '--rm', '--init', 'busybox', 'sh', '-c', 'kill -TERM $$'], 143, /^$/],
    [
      '127 for a missing command',
      ['run', '--rm', 'busybox', 'nope'],
      127,
      /executable file not found in \$PATH/,
    ],
    ['127 for a missing path', ['run', '--rm', 'busybox', '/nope'], 127, /no such file or directory/],
    [
      '126 for something that cannot be executed',
      ['run', '--rm', 'busybox', '/etc/passwd'],
      126,
      /permission denied/,
    ],
    ['126 for a directory', ['run', '--rm', 'busybox', '/etc'], 126, /permission denied|is a directory/],
    ['125 for an unknown flag', ['run', '--no-such-flag', 'busybox'], 125, /no-such-flag/],
    [
      '125 for an unknown driver',
      ['run', '--storage=nope', 'busybox', 'true'],
      125,
      /nope.*(?:overlay|known)/s,
    ],
    ['125 for a bad name', ['run', '--name', '../x', 'busybox', 'true'], 125, /\.\.\/x/],
    ['125 for a missing image', ['run', '--pull=never', 'absent:1', 'true'], 125, /absent:1/],
    ['125 for a missing runtime', ['run', '--runtime', 'bogus', 'busybox'], 125, /bogus is not installed/],
    ['1 for a missing container', ['rm', 'absent'], 1, /No such container: absent/],
    ['0 for a missing one whose removal is forced', ['rm', '-f', 'absent'], 0, /No such container: absent/],
    ['1 for a missing image that is removed', ['rmi', 'absent:1'], 1, /No such image: absent:1/],
    ['0 for one whose removal is forced', ['rmi', '-f', 'absent:1'], 0, /No such image: absent:1/],
    ['127 from exec', ['exec', 'busy', 'nope'], 127, /executable file not found/],
    ['the process’s own from exec', ['exec', 'busy', 'sh', '-c', 'exit 9'], 9, /^$/],
    ['1 for exec in nothing', ['exec', 'absent', 'true'], 1, /No such container: absent/],
  ];

  it('are Docker’s', async () => {
    await place.home.ok('run', '-d', '--name', 'busy', 'busybox', 'sleep', '600');
    const before = place.home.traces();
    for (const [what, args, code, stderr] of cases) {
      const outcome = await place.home.strata(args);
      expect.soft({ what, code: outcome.code }).toEqual({ what, code });
      expect.soft(outcome.stderr, what).toMatch(stderr);
    }
    await expect.poll(() => place.home.traces()).toEqual(before);
  });

  it('are those of a signal also when it came while the container was being started', async () => {
    const script = '"$@" & while [ ! -s "$0" ]; do :; done; kill -TERM $!; wait $!';
    const before = await place.home.ok('ps', '-aq');
    for (const n of [1, 2, 3, 4]) {
      const file = join(place.filesystem.directory, `id-${n}`);
      const args = ['run', '--rm', '--init', '--cidfile', file, 'busybox', 'sleep', '60'];
      const { code, stderr } = await place.home.strata(args, { prefix: ['sh', '-c', script, file] });
      expect({ code, stderr }).toEqual({ code: 143, stderr: '' });
    }
    expect(await place.home.ok('ps', '-aq')).toBe(before);
  });

  it('name a hint and a stable code with the sentence', async () => {
    const { stderr } = await place.home.strata(['run', '--storage=nope', 'busybox']);
    expect(stderr).toMatch(/^strata: .*nope.*\n.*hint: .+/s);
    expect(stderr).toContain('DRIVER_UNKNOWN');
  });

  it('name what is missing in a chroot, where no runtime works', async () => {
    // One whose runtime directory knows of no runtime that works.
    await using other = await stage({ busybox: true });
    const directory = join(other.filesystem.directory, 'chroot');
    const script = `mkdir "$0"; for d in /*; do
      if [ -L $d ]; then cp -P $d "$0"; elif [ -d $d ]; then mkdir "$0$d"; mount --rbind $d "$0$d"; fi; done
      exec chroot "$0" "$@"`;
    const prefix = ['unshare', '-m', 'sh', '-c', script, directory];
    const args = ['run', '--rm', '--pull=never', 'busybox', 'true'];
    const { code, stderr } = await other.home.strata(args, { prefix });
    expect(code).toBe(125);
    expect(stderr).toMatch(
      /^strata: .*refused.*\n.*hint: The root directory is no mount point.*mount --bind/,
    );
    rmSync(directory, { recursive: true });
  });
});
