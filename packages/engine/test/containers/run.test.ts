import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finish } from './fixture.ts';
import { fixtureOfFile } from './fixture-of-file.ts';

const fixture = fixtureOfFile();

const script = (text: string) => ['sh', '-c', text];

describe('exit codes are those of the process, or Docker’s', () => {
  it.each([
    [0, 'true'],
    [3, 'exit 3'],
    [137, 'kill -9 $$'],
    [143, 'kill -15 $$'],
  ])('%i for %s', async (code, text) => {
    // As a child of the shell: a process of pid 1 ignores signals it has no handler for.
    const outcome = await fixture.run({ command: script(code > 128 ? `sh -c '${text}'; exit $?` : text) });
    expect(outcome.code).toBe(code);
  });

  it('137 when the process itself is killed', async () => {
    const session = await fixture.api.run({ image: 'busybox', command: ['sleep', '60'], autoRemove: true });
    await fixture.api.kill(session.containerId);
    expect((await session.wait()).code).toBe(137);
  });

  it('its own for a signal passed on before it had its handler', async () => {
    const text = 'sleep 0.4; trap "exit 7" TERM; while :; do sleep 0.02; done';
    const session = await fixture.api.run({ image: 'busybox', command: script(text), autoRemove: true });
    await session.kill(15);
    const late = setTimeout(() => fixture.api.kill(session.containerId), 5_000);
    expect((await session.wait()).code).toBe(7);
    clearTimeout(late);
    // One that never catches it: the kernel drops it, and who passes it on does not wait for ever.
    const deaf = await fixture.api.run({ image: 'busybox', command: ['sleep', '60'], autoRemove: true });
    await deaf.kill(15);
    await deaf.kill(9);
    expect((await deaf.wait()).code).toBe(137);
  });

  it('127 for a command that is not there, and nothing is left', async () => {
    const failed = fixture.run({ command: ['nonsense'] });
    await expect(failed).rejects.toMatchObject({ kind: 'not-found', exitCode: 127 });
    await expect(failed).rejects.toThrow('exec: "nonsense": executable file not found in $PATH');
  });

  it('126 for a directory and for a file that is not executable', async () => {
    await expect(fixture.run({ command: ['/etc'] })).rejects.toMatchObject({ exitCode: 126 });
    await fixture.image('plain-file', (rootfs) => writeFileSync(join(rootfs, 'data'), 'x', { mode: 0o644 }));
    await expect(fixture.run({ image: 'plain-file', command: ['/data'] })).rejects.toMatchObject({
      exitCode: 126,
    });
  });

  it('an image without a command and no command given is refused', async () => {
    await expect(fixture.run({ command: [] })).rejects.toMatchObject({ code: 'NO_COMMAND' });
  });
});

it('nothing is left of one that was cancelled before it was started', async () => {
  const stop = new AbortController();
  const request = { image: 'busybox', command: ['true'], signal: stop.signal };
  const cancelled = fixture.api.run({ ...request, onCreated: () => stop.abort() });
  await expect(cancelled).rejects.toMatchObject({ kind: 'aborted', code: 'ABORTED' });
  await expect(
    fixture.api.create({ image: 'busybox', command: ['true'], signal: stop.signal }),
  ).rejects.toMatchObject({
    code: 'ABORTED',
  });
  expect(await fixture.api.list({ all: true })).toEqual([]);
});

describe('streams', () => {
  it('keeps standard output and error apart, binary-safe', async () => {
    const all =
      'i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done; echo err >&2';
    const { stdout, stderr } = await fixture.run({ command: script(all) });
    expect(Buffer.from(stdout, 'latin1')).toEqual(Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
    expect(stderr).toBe('err\n');
  });

  it('passes 8 MiB through in both directions, and the end of the input arrives', async () => {
    const session = await fixture.api.run({
      image: 'busybox',
      command: ['cat'],
      stdin: true,
      autoRemove: true,
    });
    const sent = randomBytes(8 * 1024 * 1024);
    const writing = session.streams?.write(sent).then(() => session.streams?.endInput());
    const { code, stdout } = await finish(session);
    await writing;
    expect(code).toBe(0);
    expect(Buffer.from(stdout, 'latin1').equals(sent)).toBe(true);
  });

  it('gives a terminal with the size that was asked for', async () => {
    const session = await fixture.api.run({
      image: 'busybox',
      command: script(
        'for n in $(seq 500); do [ "$(stty size)" = "33 99" ] && break; sleep 0.02; done; stty size; test -t 1 && echo tty',
      ),
      tty: true,
      autoRemove: true,
    });
    await session.resize({ rows: 33, columns: 99 });
    const { stdout } = await finish(session);
    expect(stdout).toContain('33 99');
    expect(stdout).toContain('tty');
  });
});

describe('what the request and the image say', () => {
  it('merges environment, user, working directory and entrypoint', async () => {
    await fixture.image(
      'configured',
      (rootfs) => {
        writeFileSync(
          join(rootfs, 'etc/passwd'),
          'root:x:0:0::/root:/bin/sh\nada:x:1000:1001::/home/ada:/bin/sh\n',
        );
        writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\nada:x:1001:\nextra:x:1002:ada\n');
      },
      { env: ['A=image', 'B=image'], user: 'ada', workingDirectory: '/work/here', entrypoint: ['sh', '-c'] },
    );
    const { stdout } = await fixture.run({
      image: 'configured',
      command: ['id -u; id -G; pwd; echo $A $B $HOME'],
      env: ['B=request'],
    });
    expect(stdout.split('\n')).toEqual(['1000', '1001 1002', '/work/here', 'image request /home/ada', '']);
  });

  it('binds, tmpfs, read-only root and image volumes', async () => {
    await fixture.image(
      'volume',
      (rootfs) => {
        mkdirSync(join(rootfs, 'data'));
        writeFileSync(join(rootfs, 'data/seed'), 'from the image');
      },
      { volumes: ['/data'] },
    );
    const source = mkdtempSync('/dev/shm/containers-bind-');
    try {
      const { stdout, code } = await fixture.run({
        image: 'volume',
        readOnly: true,
        mounts: [
          { type: 'bind', source, target: '/in', readOnly: true },
          { type: 'bind', source, target: '/out' },
          { type: 'tmpfs', target: '/scratch', size: 65536 },
        ],
        command: script(
          'cat /data/seed; echo; echo x > /data/new && echo volume; echo hello > /out/file; cat /in/file; ' +
            'touch /in/no 2>/dev/null || echo ro; touch /no 2>/dev/null || echo ro; touch /scratch/yes && echo tmpfs',
        ),
      });
      expect(stdout).toBe('from the image\nvolume\nhello\nro\nro\ntmpfs\n');
      expect(code).toBe(0);
    } finally {
      rmSync(source, { recursive: true });
    }
  });

  it('runs an init that reaps, and hostname and hosts are the container’s', async () => {
    const { stdout } = await fixture.run({
      init: true,
      hostname: 'kelvin',
      extraHosts: ['db:10.0.0.5'],
      command: script('cat /proc/1/comm; hostname; grep db /etc/hosts; cat /etc/hostname'),
    });
    expect(stdout).toMatch(/^(tini|catatonit|docker-init|init).*\nkelvin\n10\.0\.0\.5\tdb\nkelvin\n$/);
  });

  it('limits memory, cpu and pids by cgroup', async () => {
    const { stdout } = await fixture.run({
      resources: { memory: 32 * 1024 * 1024, nanoCpus: 500_000_000, cpuShares: 512, pids: 20 },
      command: script(
        'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares pids/pids.max',
      ),
    });
    expect(stdout.split('\n')).toEqual(['33554432', '50000', '512', '20', '']);
  });

  it('limits that cannot be honoured are refused before anything runs, and nothing is left', async () => {
    for (const request of [
      { resources: { memory: 1024 } },
      { resources: { cpusetCpus: '4000' } },
      { cgroupParent: '../../outside' },
      { resources: { nanoCpus: 1e9, cpuQuota: 50_000 } },
    ])
      await expect(fixture.run({ command: ['true'], ...request })).rejects.toMatchObject({
        kind: 'invalid-argument',
      });
  });

  it('tells an out-of-memory kill', async () => {
    const { id } = await fixture.api.create({
      image: 'busybox',
      resources: { memory: 8 * 1024 * 1024, memorySwap: 8 * 1024 * 1024 },
      command: ['dd', 'if=/dev/zero', 'of=/dev/shm/fill', 'bs=1M', 'count=40'],
    });
    const { code } = await finish(await fixture.api.start(id, { attach: true }));
    expect(code).toBe(137);
    expect((await fixture.api.inspect(id)).State).toMatchObject({ OOMKilled: true, ExitCode: 137 });
  });

  it('shares the host’s shared memory and message queues when asked to', async () => {
    const { stdout } = await fixture.run({
      ipc: 'host',
      command: script('readlink /proc/self/ns/ipc; stat -f -c %t /dev/mqueue; stat -c %D /dev/shm'),
    });
    const device = statSync('/dev/shm').dev.toString(16);
    expect(stdout).toBe(`${readlinkSync('/proc/self/ns/ipc')}\n19800202\n${device}\n`);
  });

  it('joins the namespaces of another container', async () => {
    const other = await fixture.api.run({
      image: 'busybox',
      command: ['sleep', '60'],
      detach: true,
      ipc: 'shareable',
      hostname: 'shared',
    });
    const { stdout } = await fixture.run({
      pid: `container:${other.containerId}`,
      ipc: `container:${other.containerId}`,
      uts: `container:${other.containerId}`,
      network: `container:${other.containerId}`,
      command: script('cat /proc/1/comm; hostname; touch /dev/shm/x && echo shm'),
    });
    expect(stdout).toBe('sleep\nshared\nshm\n');
  });
});
