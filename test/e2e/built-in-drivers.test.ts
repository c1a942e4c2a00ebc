/** `strata driver test` proves what comes with Strata as it proves a stranger's package. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';

let place: Stage;
beforeAll(async () => {
  place = await stage();
});
afterAll(() => place?.[Symbol.asyncDispose]());

/** In a mount namespace of its own, prepared by a shell. */
const after = (preparation: string) => ({
  prefix: ['unshare', '--mount', '--', 'sh', '-ec', `${preparation}; exec "$@"`, 'sh'],
});

describe('strata driver test', () => {
  it.each([
    ['overlay', 'layer', 'RootPermission'],
    ['local', 'image', 'ReferencesAreListedByName'],
    ['none', 'network', 'attach-twice'],
    ['host', 'network', 'attach-twice'],
    ['bridge', 'network', 'published-port'],
    ['cni', 'network', 'published-port'],
    ['cgroup/none', 'cgroup', ''],
    ['oci', 'runtime', 'ExecOfWhatCannotRun'],
  ])('runs the suite of %s, a driver of the kind %s', async (named, kind, part) => {
    const only = part === '' ? [] : ['--case', part];
    const noList = after('test ! -d /etc/cni/net.d || mount -t tmpfs none /etc/cni/net.d');
    const args = ['driver', 'test', named, ...only, '--json'];
    const { code, stdout, stderr } = await place.home.strata(args, noList);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
    expect({ code, stderr, stdout }).toMatchObject({ code: 0, stderr: '' });
    expect(last).toMatchObject({ kind, driver: named.split('/').at(-1), failed: 0 });
    expect(Number(last.passed)).toBeGreaterThan(0);
  });

  it('stops a network case that takes longer than --timeout', async () => {
    const { code, stdout } = await place.home.strata([
      'driver',
      'test',
      'bridge',
      '--case',
      'reach-each-other',
      '--timeout',
      '1ms',
    ]);
    expect(stdout).toMatch(
      /FAIL strata\/containers-of-a-network-reach-each-other .*\n.*does not end within 0\.001 s/,
    );
    expect(code).toBe(1);
  });

  it('runs cni over the list of the host', async () => {
    const { directory } = place.filesystem;
    mkdirSync(join(directory, 'etc/cni/net.d'), { recursive: true });
    const broken = { name: 'not-there', cniVersion: '1.0.0', plugins: [{ type: 'no-such-plugin' }] };
    writeFileSync(join(directory, 'etc/cni/net.d/00-first.conflist'), JSON.stringify(broken));
    const withList = after(`mount -t overlay -o lowerdir=${directory}/etc:/etc none /etc`);
    const { code, stderr } = await place.home.strata(['driver', 'test', 'cni'], withList);
    expect(stderr).toMatch(/no-such-plugin/);
    expect(code).toBe(1);
  });
});
