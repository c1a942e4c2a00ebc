/** The program as built, on this machine: limits seen from inside, by the kernel's own files. */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { type ConformanceCase, runCases } from '@strata/conformance';
import { createHost } from '@strata/host';
import type { VmCases } from './index.ts';
import { Strata } from './strata.ts';

const image = 'busybox';
const MIB = 2 ** 20;
const cgroups = '/sys/fs/cgroup';
const program = new Strata(createHost());
const attempt = (...args: string[]) => program.attempt(...args);
const strata = (...args: string[]) => program.ok(...args);

/** Without a bridge: what is tested here needs none. */
const run = (...args: string[]) => strata('run', '--network=none', ...args);

/** Files of the container's cgroup as it reads them, in one go: starting a process takes seconds under emulation. */
async function inside(name: string, ...files: readonly string[]): Promise<readonly string[]> {
  const text = await strata('exec', name, 'cat', ...files.map((file) => `${cgroups}/${file}`));
  return text.split('\n');
}

type SmokeCase = ConformanceCase<undefined, undefined>;

const cases: readonly SmokeCase[] = [
  {
    name: 'an image is made of a tar',
    run: () => program.importBusybox(image),
  },
  {
    name: 'the cgroup driver is v2',
    async run() {
      const info = await strata('info', '--format', '{{.CgroupDriver}}');
      assert.equal(info, 'v2');
    },
  },
  {
    name: 'crun is the runtime, and runc does as well',
    async run() {
      assert.match(await strata('info'), /oci: supported, default, crun /);
      assert.equal(
        await strata('run', '--rm', '--runtime', 'runc', image, 'sh', '-c', 'echo by runc'),
        'by runc',
      );
    },
  },
  {
    name: 'limits are those the container reads',
    async run() {
      const limits = ['-m', '64m', '--memory-swap', '80m', '--memory-reservation', '32m'];
      const more = ['--cpus', '0.5', '--cpu-shares', '512', '--pids-limit', '50', '--cpuset-cpus', '0'];
      await run('-d', '--name', 'limited', ...limits, ...more, image, 'sleep', '600');
      assert.equal(await strata('ps', '--format', '{{.Names}} {{.Storage}}'), 'limited overlay');
      const files = ['memory.max', 'memory.swap.max', 'memory.low', 'cpu.max', 'cpu.weight', 'pids.max'];
      assert.deepEqual(await inside('limited', ...files, 'cpuset.cpus'), [
        String(64 * MIB),
        String(16 * MIB),
        String(32 * MIB),
        '50000 100000',
        '59',
        '50',
        '0',
      ]);
    },
  },
  {
    name: 'update changes a running container, and refuses what cannot be',
    async run() {
      await strata('update', '-m', '96m', '--memory-swap', '96m', '--cpus', '0.25', 'limited');
      assert.notEqual((await attempt('update', '-m', '4k', 'limited')).exitCode, 0);
      const now = await inside('limited', 'memory.max', 'memory.swap.max', 'cpu.max', 'pids.max');
      assert.deepEqual(now, [String(96 * MIB), '0', '25000 100000', '50']);
    },
  },
  {
    name: 'stats, pause, unpause and top',
    async run() {
      const [row] = (await strata('stats', '--no-stream', '--format', 'json', 'limited')).split('\n');
      const { MemUsage, PIDs } = JSON.parse(row!) as Record<string, string>;
      assert.match(MemUsage!, / \/ 96MiB$/);
      assert.equal(PIDs, '1');
      await strata('pause', 'limited');
      assert.equal(await strata('inspect', '-f', '{{.State.Status}}', 'limited'), 'paused');
      await strata('unpause', 'limited');
      assert.match(await strata('top', 'limited'), /sleep 600/);
    },
  },
  {
    name: 'a hog is killed, and that is told',
    async run() {
      const { exitCode } = await attempt(
        ...['run', '--network=none', '--name', 'hog', '-m', '16m', '--memory-swap', '16m'],
        ...[image, 'tail', '/dev/zero'],
      );
      assert.equal(exitCode, 137);
      assert.equal(await strata('inspect', '-f', '{{.State.OOMKilled}}', 'hog'), 'true');
      const told = await strata('events', '--since', '1h', '--until', '0s', '--filter', 'event=oom');
      assert.match(told, /container oom [0-9a-f]{64} .*name=hog/);
      assert.equal(await strata('inspect', '-f', '{{.State.Running}}', 'limited'), 'true');
    },
  },
  {
    name: 'device rules hold on cgroup v2',
    async run() {
      const { rdev } = statSync('/dev/vda');
      const node = `mknod /tmp/disk b ${rdev >> 8} ${rdev & 0xff} && cat /tmp/disk`;
      const { exitCode, stderr } = await attempt('run', '--rm', '--network=none', image, 'sh', '-c', node);
      assert.notEqual(exitCode, 0);
      assert.match(stderr, /Operation not permitted/);
    },
  },
  {
    name: 'what cgroup v2 does not have is refused',
    async run() {
      for (const flag of ['--memory-swappiness=10', '--oom-kill-disable']) {
        const { exitCode, stderr } = await attempt('run', '--rm', '--network=none', flag, image, 'true');
        assert.equal(exitCode, 125);
        assert.match(stderr, /LIMIT_UNSUPPORTED/);
      }
    },
  },
  {
    name: 'a cgroup parent stays below ours',
    async run() {
      const parent = await run('--rm', '--cgroup-parent', '/team/a', image, 'cat', '/proc/self/cgroup');
      assert.equal(parent, '0::/');
      const { exitCode } = await attempt('run', '--rm', '--cgroup-parent', '../../x', image, 'true');
      assert.equal(exitCode, 125);
    },
  },
  {
    name: 'nothing is left',
    async run() {
      const ids = (await strata('ps', '-aq', '--no-trunc')).split('\n');
      assert.ok(ids.length >= 2);
      await strata('rm', '-f', 'limited', 'hog');
      const names = readdirSync(cgroups, { recursive: true, encoding: 'utf8' });
      assert.deepEqual(
        names.filter((name) => ids.some((id) => name.includes(id))),
        [],
      );
      assert.equal(await strata('check'), 'The store is clean');
    },
  },
];

const all: VmCases = () =>
  runCases(
    { open: async () => ({ context: undefined, traits: undefined, close: async () => undefined }) },
    cases,
    { milliseconds: 180_000 },
  );

export default all;
