import { existsSync, mkdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { invoke, type Outcome } from '@strata/test-fixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';
import { Standbys } from './standby-process.ts';

const binary = resolve(import.meta.dirname, '../../packages/cli/bin/strata');

/** What a user of a shell would notice: that the process which works is not the one that was started. */
describe('a command that a standby process runs', () => {
  let place: Stage;
  beforeAll(async () => {
    place = await stage({ busybox: true });
    await place.home.ok('run', '-d', '--name', 'stays', 'busybox', 'sh', '-c', 'echo here; exec sleep 600');
  });
  afterAll(async () => place?.[Symbol.asyncDispose]());

  /** `"$strata"` is the command. */
  const bash = (standbys: Standbys, script: string): Promise<Outcome> =>
    invoke('bash', ['-c', script], {
      env: { ...standbys.env, strata: binary },
      cwd: place.filesystem.directory,
    });

  it('reads what a shell has opened for it', async () => {
    await using standbys = new Standbys(place.home);
    await standbys.waiting();
    const script = `
      "$strata" run --rm --env-file <(echo GIVEN=1) busybox sh -c 'echo $GIVEN'
      "$strata" save busybox >image.tar
      timeout 20 "$strata" load -i /dev/fd/5 5<image.tar`;
    const stdout = '1\nLoaded image: busybox:latest\n';
    expect(await bash(standbys, script)).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('leaves pipes blocking for whoever reads on', async () => {
    await using standbys = new Standbys(place.home);
    await standbys.waiting();
    const script = '(echo one; sleep 2; echo two) | ("$strata" exec -i stays head -n 1; cat)';
    expect(await bash(standbys, script)).toEqual({ code: 0, stdout: 'one\ntwo\n', stderr: '' });
  });

  it.each(['30', 'off'])('outlives its terminal under nohup, standby %s', async (standby) => {
    await using standbys = new Standbys(place.home);
    await standbys.waiting();
    const script = `
      export STRATA_STANDBY=${standby}
      "$1" "$strata" logs -f stays <&0 >"$1.out" 2>&1 & shift
      until grep -q here *.out; do sleep 0.1; done
      for signal; do kill -$signal $!; done; wait $!; echo $?; rm *.out`;
    const under = (...words: readonly string[]) =>
      invoke('bash', ['-c', script, 'bash', ...words], {
        env: { ...standbys.env, strata: binary },
        cwd: place.filesystem.directory,
      });
    expect((await under('nohup', 'HUP', 'TERM')).stdout).toBe('143\n');
    expect((await under('env', 'HUP')).stdout).toBe('129\n');
  });

  it('has a terminal as its shell left it, when its standby process is killed', async () => {
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    const shell = new Shell(standbys.env);
    shell.type('$strata exec -it stays sh\n');
    await shell.shows(/\/ # /);
    process.kill(pid, 'SIGKILL');
    await shell.shows(/STANDBY_LOST/);
    shell.type('stty -a | grep -o .icanon\n');
    await shell.shows(/\n icanon/);
    shell.end();
  });

  it('does not take the input of the shell that has it in the background', async () => {
    await using standbys = new Standbys(place.home);
    await standbys.waiting();
    const shell = new Shell(standbys.env);
    shell.type('$strata exec -i stays cat &\n');
    // It reads, and is stopped for that, when there is a line, which is the shell's nevertheless.
    let lines = 0;
    const line = () => {
      lines++;
      shell.type('echo typ""ed; jobs\n');
      return shell.screen;
    };
    await expect.poll(line, { timeout: 60_000, interval: 500 }).toMatch(/Stopped/);
    await expect.poll(() => shell.screen.split('typed').length - 1).toBe(lines);
    shell.type('kill -9 %1\n');
    shell.end();
  });

  it('has the time zone of now, not of its standby process', async () => {
    await using standbys = new Standbys(place.home);
    const script = `
      cp -a /etc etc; mount --make-rprivate /; mount --bind etc /etc
      ln -sfn /usr/share/zoneinfo/Etc/UTC /etc/localtime
      "$strata" images --format '{{.CreatedAt}}'; sleep 1
      "$strata" images --format '{{.CreatedAt}}'
      ln -sfn /usr/share/zoneinfo/Asia/Tokyo /etc/localtime
      "$strata" images --format '{{.CreatedAt}}'`;
    const { stdout } = await invoke('unshare', ['--mount', 'bash', '-c', script], {
      env: { ...standbys.env, strata: binary },
      cwd: place.filesystem.directory,
    });
    expect(stdout.split('\n').map((line) => line.split(' ')[2])).toEqual([
      '+0000',
      '+0000',
      '+0900',
      undefined,
    ]);
  });

  it('has all of its processor time to itself', async () => {
    await using standbys = new Standbys(place.home);
    expect((await bash(standbys, 'ulimit -t 60; "$strata" ps -q')).code).toBe(0);
    expect(standbys.pids()).toEqual([]);
  });

  it('leaves none in a cgroup that somebody made for it', async () => {
    await using standbys = new Standbys(place.home, '');
    const cgroup = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup'].find((top) => existsSync(`${top}/cgroup.procs`))!;
    const own = join(cgroup, `strata-test-${process.pid}`);
    mkdirSync(own);
    try {
      const inside = `bash -c 'echo $$ >"$1/cgroup.procs"; exec "$strata" ps -q' bash ${own}`;
      expect((await bash(standbys, inside)).code).toBe(0);
      expect(standbys.pids()).toEqual([]);
    } finally {
      await standbys[Symbol.asyncDispose]();
      rmdirSync(own);
    }
    await standbys.waiting();
  });

  it('leaves none in another root directory, which is to be unmountable', async () => {
    await using standbys = new Standbys(place.home, '');
    // The client alone, which tells what it starts whether to leave one.
    const script = `
      mkdir -p root/proc; mount -t proc proc root/proc; cp /bin/busybox root/env; cp /bin/busybox root/sh
      cp "\${strata%/cli/*}/native/build/strata-client" root/client
      root/client root/env root/sh -c 'echo \${#STRATA_STANDBY_KEY}'
      chroot root /client /env /sh -c 'echo \${#STRATA_STANDBY_KEY}'
      umount root/proc`;
    expect(await bash(standbys, script)).toEqual({ code: 0, stdout: '16\n0\n', stderr: '' });
  });

  it('ends its standby process where the configuration has come to want none', async () => {
    await using standbys = new Standbys(place.home, '');
    await standbys.waiting();
    const config = join(place.filesystem.directory, 'none.toml');
    writeFileSync(config, 'standby = 0\n');
    expect((await standbys.strata(['--config', config, 'ps'])).code).toBe(0);
    expect(standbys.pids()).toEqual([]);
  });

  it('ends its standby process when one of several targets failed', async () => {
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    expect((await standbys.strata(['stop', '-t', '0', 'nosuch', 'stays'])).code).toBe(1);
    expect(standbys.pids()).not.toContain(pid);
  });

  it('gives its standby process no terminal to control', async () => {
    await using standbys = new Standbys(place.home);
    const pid = await standbys.waiting();
    await place.home.ok('start', 'stays');
    const shell = new Shell(standbys.env);
    shell.type('$strata exec -it stays sh\n');
    await shell.shows(/\/ # /);
    // proc_pid_stat(5): tty_nr is field 7, and names may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    expect(stat.slice(stat.lastIndexOf(')')).split(' ')[5]).toBe('0');
    expect(readlinkSync(`/proc/${pid}/fd/0`)).toMatch(/^\/dev\/pts\//);
    shell.type('exit\n');
    shell.end();
  });
});

/** With job control. `$strata` is the command. */
class Shell {
  readonly #pty;
  screen = '';

  constructor(env: Readonly<Record<string, string>>) {
    const own = { TERM: 'dumb', PS1: '$ ', strata: binary };
    this.#pty = spawn('bash', ['--norc', '--noediting', '-i'], {
      env: { ...process.env, ...env, ...own } as Record<string, string>,
    });
    this.#pty.onData((data) => {
      this.screen += data;
    });
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  async shows(text: RegExp): Promise<void> {
    await expect.poll(() => this.screen, { timeout: 60_000 }).toMatch(text);
  }

  end(): void {
    this.#pty.kill('SIGKILL');
  }
}
