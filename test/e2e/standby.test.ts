import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { InvokeOptions } from '@strata/test-fixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Terminal } from './pty.ts';
import { registryStage, type Stage, stage } from './setup.ts';
import { links, parentOf, Standbys } from './standby-process.ts';

describe('a standby process', () => {
  let place: Stage;
  beforeAll(async () => {
    place = await stage({ busybox: true });
  });
  afterAll(async () => place?.[Symbol.asyncDispose]());

  const monitorOf = async (name: string): Promise<number> => {
    const { stdout } = await place.home.strata(['inspect', '--format', '{{.State.Pid}}', name]);
    return parentOf(Number(stdout));
  };

  it('is left by a command, and runs the next ones', async () => {
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    for (const name of ['one', 'two']) {
      expect((await standbys.strata(['run', '-d', '--name', name, 'busybox', 'sleep', '600'])).code).toBe(0);
      // The monitor's parent is who started it.
      expect(parentOf(await monitorOf(name))).toBe(pid);
      await standbys.ready(pid);
    }
    const removed = await standbys.strata(['rm', '-f', 'one', 'two']);
    expect(removed).toEqual({ code: 0, stdout: 'one\ntwo\n', stderr: '' });
    await standbys.ready(pid);
  });

  it('has the words, streams, environment, directory and mask of whoever asks', async () => {
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    const directory = place.filesystem.directory;
    const script = 'echo "$GIVEN"; cat; echo wrong >&2; exit 4';
    const args = [
      'run',
      '-i',
      '--cidfile',
      'id',
      '-e',
      'GIVEN',
      '--name',
      'asked',
      'busybox',
      'sh',
      '-c',
      script,
    ];
    const outcome = await standbys.strata(args, {
      cwd: directory,
      input: 'typed\n',
      env: { GIVEN: 'ä b' },
      prefix: ['sh', '-c', 'umask 027; exec "$@"', 'sh'],
    });
    expect(outcome).toEqual({ code: 4, stdout: 'ä b\ntyped\n', stderr: 'wrong\n' });
    const id = join(directory, 'id');
    expect(readFileSync(id, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(id).mode & 0o777).toBe(0o640);
    expect((await standbys.strata(['rm', 'asked'])).code).toBe(0);
    // It has read a pipe through Node, which never lets go of it: another one waits now.
    expect(standbys.pids()).not.toContain(pid);
  });

  it('keeps nothing of theirs open', async () => {
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    const options = { cwd: place.filesystem.directory };
    expect((await standbys.strata(['run', '--rm', 'busybox', 'true'], options)).code).toBe(0);
    await standbys.ready(pid);
    const ours = (link: string) => link === '/dev/null' || link.startsWith('/run/strata/standby/');
    expect(links(pid).filter((link) => link.startsWith('/') && !ours(link))).toEqual(['/']);
  });

  it('is not spent by pulls: their connections and their memory go with the command', async () => {
    await using registry = await registryStage();
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    const news = /^Status: Downloaded newer image/m;
    const steps = [
      [registry.busybox, news],
      [registry.debian, news],
      [registry.debian, /^Status: Image is up to date/m],
    ] as const;
    for (const [image, status] of steps) {
      const { code, stdout } = await standbys.strata(['pull', image]);
      expect(code).toBe(0);
      expect(stdout).toMatch(status);
      await standbys.ready(pid);
    }
  });

  it('gets the signals, and ends as they end a command', async () => {
    await using standbys = new Standbys(place.home);
    await standbys.waiting();
    const script = 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done';
    const client = standbys.start(['run', '--rm', 'busybox', 'sh', '-c', script]);
    await new Promise((ready) => client.stdout.once('data', ready));
    client.kill('SIGTERM');
    expect(await new Promise((ended) => client.once('close', ended))).toBe(7);
    const following = standbys.start(['logs', '-f', await forever(standbys)]);
    await new Promise((ready) => following.stdout.once('data', ready));
    following.kill('SIGINT');
    const [code, signal] = await new Promise<[number | null, string | null]>((ended) => {
      following.once('close', (...how) => ended(how));
    });
    expect(code ?? signal).toSatisfy((how) => how === 130 || how === 'SIGINT');
    expect((await standbys.strata(['rm', '-f', 'forever'])).code).toBe(0);
  });

  const forever = async (standbys: Standbys): Promise<string> => {
    const script = 'while :; do echo line; sleep 0.1; done';
    const { code } = await standbys.strata(['run', '-d', '--name', 'forever', 'busybox', 'sh', '-c', script]);
    expect(code).toBe(0);
    return 'forever';
  };

  it('dies with the one it works for; the container lives on', async () => {
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    const client = standbys.start(['run', '--name', 'left', 'busybox', 'sh', '-c', 'echo ready; sleep 600']);
    await new Promise((ready) => client.stdout.once('data', ready));
    client.kill('SIGKILL');
    await expect.poll(() => standbys.pids().includes(pid)).toBe(false);
    expect((await standbys.strata(['ps', '--format', '{{.Names}}'])).stdout).toBe('left\n');
    expect((await standbys.strata(['rm', '-f', 'left'])).code).toBe(0);
  });

  it('is missed with one sentence when it is killed', async () => {
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    const running = standbys.strata(['run', '--name', 'orphan', 'busybox', 'sleep', '600']);
    await expect
      .poll(async () => (await place.home.strata(['ps', '--format', '{{.Names}}'])).stdout)
      .toBe('orphan\n');
    process.kill(pid, 'SIGKILL');
    const { code, stderr } = await running;
    expect(code).toBe(125);
    expect(stderr).toContain('STANDBY_LOST');
    expect(stderr).toContain('hint:');
    expect((await standbys.strata(['rm', '-f', 'orphan'])).code).toBe(0);
    expect((await place.home.strata(['check'])).code).toBe(0);
  });

  it.each([
    ['resource limits', ['prlimit', '--nofile=512']],
    ['a nice value', ['nice', '-n', '5']],
    ['an I/O class', ['ionice', '-c3']],
    ['namespaces', ['unshare', '--uts']],
    ['capabilities', ['setpriv', '--bounding-set=-sys_time']],
    ['a locale', ['env', 'LC_ALL=C']],
    ['a tracer', ['strace', '-o', '/dev/null', '-e', 'trace=none']],
  ])('does not stand in for a process with %s of its own', async (_, prefix) => {
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    const run = async (name: string, options: InvokeOptions) => {
      const { code } = await standbys.strata(
        ['run', '-d', '--name', name, 'busybox', 'sleep', '600'],
        options,
      );
      expect(code).toBe(0);
      return parentOf(await monitorOf(name));
    };
    expect(await run('other', { prefix })).not.toBe(pid);
    await standbys.ready(pid);
    expect(await run('same', {})).toBe(pid);
    expect((await standbys.strata(['rm', '-f', 'other', 'same'])).code).toBe(0);
  });

  it('is not left in namespaces that somebody entered, unless it is asked for', async () => {
    await using standbys = new Standbys(place.home, '');
    await standbys.strata(['ps'], { prefix: ['unshare', '--mount'] });
    await standbys.strata(['ps'], { prefix: ['unshare', '--net', 'sh', '-c', '"$@"; exit', 'sh'] });
    expect(standbys.pids()).toEqual([]);
    await using asked = new Standbys(place.home);
    await asked.strata(['ps'], { prefix: ['unshare', '--mount'] });
    await expect.poll(() => asked.pids().length).toBe(1);
  });

  it('leaves limits as they were inherited', async () => {
    await using standbys = new Standbys(place.home);
    await standbys.waiting();
    const args = ['run', '--rm', 'busybox', 'sh', '-c', 'ulimit -n'];
    const { stdout } = await standbys.strata(args, { prefix: ['prlimit', '--nofile=512'] });
    expect(stdout).toBe('512\n');
  });

  it('gives a terminal as any process does', async () => {
    await using standbys = new Standbys(place.home);
    await standbys.waiting();
    await new Terminal(['run', '-it', '--rm', 'busybox', 'sh'], standbys.env).behavesAsATty();
  });

  it('serves many at a time as well', async () => {
    await using standbys = new Standbys(place.home);
    await standbys.waiting();
    const runs = Array.from({ length: 12 }, (_, n) =>
      standbys.strata(['run', '--rm', 'busybox', 'sh', '-c', `echo ${n}; exit ${n}`]),
    );
    const outcomes = await Promise.all(runs);
    expect(outcomes.map(({ code, stdout }) => [code, stdout])).toEqual(runs.map((_, n) => [n, `${n}\n`]));
    expect((await place.home.strata(['check'])).code).toBe(0);
  });

  it('goes when nobody comes, and is not there when it is not wanted', async () => {
    await using standbys = new Standbys(place.home, 1);
    await standbys.strata(['ps']);
    await expect.poll(() => standbys.pids().length).toBe(1);
    await expect.poll(() => standbys.pids().length).toBe(0);
    // Whatever signals come: a profiler's, say.
    await using profiled = new Standbys(place.home, 1);
    const NODE_OPTIONS = '--cpu-prof --cpu-prof-dir=/dev/null/none';
    await profiled.strata(['ps'], { env: { NODE_OPTIONS } });
    await expect.poll(() => profiled.pids().length).toBe(1);
    await expect.poll(() => profiled.pids().length).toBe(0);
    await using off = new Standbys(place.home, 0);
    await off.strata(['ps']);
    expect(off.pids()).toEqual([]);
    const bad = await place.home.strata(['ps'], { env: { STRATA_STANDBY: 'often' } });
    expect(bad.code).toBe(125);
    expect(bad.stderr).toMatch(/^strata: STRATA_STANDBY is "often".*\n.*hint: /s);
  });
});
