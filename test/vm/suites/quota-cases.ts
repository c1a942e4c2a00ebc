/** `--storage-opt size=…` as its user sees it: project quotas of XFS and ext4 below overlay. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CaseResult, type ConformanceCase, runCases } from '@strata/conformance';
import type { Host } from '@strata/core';
import { createHost } from '@strata/host';
import type { VmCases } from './index.ts';
import { createQuotaFilesystem, type QuotaType } from './quota-filesystem.ts';
import { Strata } from './strata.ts';

const MIB = 2 ** 20;
const image = 'busybox';
const run = (...args: string[]) => ['run', '--network=none', '--storage=overlay', ...args];
const fill = (file: string, mebibytes: number) =>
  `dd if=/dev/zero of=${file} bs=1M count=${mebibytes}; stat -c %s ${file}`;
const lastNumber = (text: string) => Number(text.trim().split('\n').at(-1));

interface Place {
  readonly host: Host;
  readonly strata: Strata;
  readonly mountpoint: string;
  readonly layers: string;
}

/** Project → KiB used and its limit, without 0, what belongs to none. */
async function projects({ host, mountpoint }: Place): Promise<Map<number, [used: number, limit: number]>> {
  const { stdout } = await host.exec.run('repquota', ['-P', '-n', '-O', 'csv', mountpoint]);
  const lines = [...stdout.matchAll(/^"?#(\d+)"?,\w+,\w+,(\d+),\d+,(\d+)/gm)].map((match) =>
    match.map(Number),
  );
  return new Map(lines.filter(([, id]) => id !== 0).map(([, id, used, limit]) => [id!, [used!, limit!]]));
}

const cases: readonly ConformanceCase<Place, undefined>[] = [
  {
    name: 'a container stops at 50 MB',
    async run({ strata }) {
      await strata.importBusybox(image);
      const { exitCode, stdout, stderr } = await strata.attempt(
        ...run('--name', 'small', '--storage-opt', 'size=50M', image, 'sh', '-c', fill('/fill', 100)),
      );
      assert.match(stderr, /quota exceeded|no space left/i);
      assert.equal(exitCode, 0, stderr);
      const size = lastNumber(stdout);
      assert.ok(size > 45 * MIB && size <= 50 * MIB, `${size} bytes went into 50 MB`);
    },
  },
  {
    name: 'what is copied up counts, and each container has its own project',
    async run(place) {
      const script = `chmod 600 /big; ${fill('/fill', 30)}`;
      const { stdout, stderr } = await place.strata.attempt(
        ...run('--name', 'other', '--storage-opt', 'size=20M', image, 'sh', '-c', script),
      );
      assert.match(stderr, /quota exceeded|no space left/i);
      const size = lastNumber(stdout);
      assert.ok(size > 8 * MIB && size <= 12 * MIB, `${size} bytes beside 8 MiB went into 20 MB`);
      const found = [...(await projects(place))];
      assert.deepEqual(found.map(([, [, limit]]) => limit).sort(), [20 * 1024, 50 * 1024]);
      for (const [id, [used, limit]] of found) {
        assert.ok(id >= 2 ** 31, `${id} is an administrator's`);
        assert.ok(used > limit * 0.9 && used <= limit, `${used} KiB of ${limit}`);
      }
    },
  },
  {
    name: 'one without a limit is not held, and the engine is unharmed',
    async run({ strata }) {
      const free = await strata.ok(...run('--rm', image, 'sh', '-c', fill('/fill', 100)));
      assert.equal(lastNumber(free), 100 * MIB);
    },
  },
  {
    name: 'ps --size and system df tell what was written',
    async run({ strata }) {
      const sizes = await strata.ok('ps', '-a', '--size', '--format', '{{.Names}} {{.Size}}');
      assert.match(sizes, /^small (4[89]|5[0-2])(\.\d+)?MB/m);
      assert.match(sizes, /^other (19|2[01])(\.\d+)?MB/m);
      const rows = (await strata.ok('system', 'df', '--format', '{{.Type}} {{.Size}}')).split('\n');
      assert.match(rows.find((row) => row.startsWith('Containers')) ?? '', /(6[89]|7[0-4])(\.\d+)?MB/);
    },
  },
  {
    name: 'in a file of its own, on request',
    async run(place) {
      const before = await projects(place);
      const { stdout, stderr } = await place.strata.attempt(
        ...run('--rm', '--storage-opt', 'size=50M,backing=loop', image, 'sh', '-c', fill('/fill', 100)),
      );
      assert.match(stderr, /no space left/i);
      const size = lastNumber(stdout);
      assert.ok(size > 40 * MIB && size < 50 * MIB, `${size} bytes`);
      assert.equal((await projects(place)).size, before.size);
    },
  },
  {
    name: 'projects and limits go with the containers',
    async run(place) {
      await place.strata.ok('rm', 'small', 'other');
      assert.deepEqual(await projects(place), new Map());
      assert.deepEqual(
        readdirSync(place.layers).filter((name) => name.startsWith('.')),
        [],
      );
      assert.equal(await place.strata.ok('check'), 'The store is clean');
    },
  },
];

/** What the kernel's filesystem decides; the rest is the same on all. */
const KERNEL = /stops at 50 MB|copied up counts|go with the containers/;

export function quotaCases(type: QuotaType, wanted: RegExp = KERNEL): VmCases {
  return async function* (): AsyncGenerator<CaseResult> {
    const host = createHost();
    await using filesystem = await createQuotaFilesystem(host, type);
    const root = join(filesystem.directory, 'store');
    const place: Place = {
      host,
      strata: new Strata(host, ['--root', root, '--run', `/run/strata-${type}`]),
      mountpoint: filesystem.directory,
      layers: join(root, 'layers/overlay'),
    };
    const open = async () => ({ context: place, traits: undefined, close: async () => undefined });
    const chosen = cases.filter(({ name }) => wanted.test(name));
    yield* runCases({ open }, chosen, { milliseconds: 180_000 });
  };
}
