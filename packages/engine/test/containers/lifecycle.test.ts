import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDatabases } from '@strata/host';
import { describe, expect, it } from 'vitest';
import type { ContainerFilter } from '../../src/api/containers.ts';
import { checkContainers } from '../../src/containers/check-containers.ts';
import { listContainerIds, listContainers } from '../../src/containers/queries.ts';
import { startLocked } from '../../src/containers/start-container.ts';
import type { ContainerRow } from '../../src/containers/state/container-record.ts';
import { findContainer } from '../../src/containers/state/container-store.ts';
import { freezeContainer } from '../../src/images/freeze-container.ts';
import { finish } from './fixture.ts';
import { fixtureOfFile } from './fixture-of-file.ts';

const fixture = fixtureOfFile(process.env.STRATA_TEST_STORAGE ?? 'overlay');

const script = (text: string) => ['sh', '-c', text];
const sleeper = (more = {}) =>
  fixture.api.run({ image: 'busybox', command: ['sleep', '300'], detach: true, ...more });
const row = (id: string) =>
  fixture.services.database.get<ContainerRow>('SELECT * FROM containers WHERE id = ?', id) as ContainerRow;
const monitorPid = (id: string) =>
  (JSON.parse(row(id).process as string) as { monitor: { pid: number } }).monitor.pid;

/** A signal that arrives before the shell has set its trap finds none. */
async function hasLogged(container: string, text: string): Promise<void> {
  for await (const { data } of fixture.api.logs({ container, follow: true })) if (data.includes(text)) return;
}

describe('start, stop and what lies between', () => {
  it('runs again over what the last run wrote', async () => {
    const { id } = await fixture.api.create({
      image: 'busybox',
      command: script('echo x >> /log; wc -l < /log'),
    });
    for (const expected of ['1\n', '2\n', '3\n'])
      expect((await finish(await fixture.api.start(id, { attach: true }))).stdout).toBe(expected);
  });

  it('stop sends the stop signal, waits, then kills', async () => {
    const polite = await sleeper({
      command: script('trap "exit 7" USR1; echo up; while true; do sleep 0.05; done'),
      stopSignal: 'USR1',
    });
    await hasLogged(polite.containerId, 'up');
    await fixture.api.stop(polite.containerId);
    expect((await fixture.api.inspect(polite.containerId)).State).toMatchObject({
      Status: 'exited',
      ExitCode: 7,
    });
    const stubborn = await sleeper({
      command: script('trap "" TERM; echo up; while true; do sleep 0.05; done'),
    });
    await hasLogged(stubborn.containerId, 'up');
    await fixture.api.stop(stubborn.containerId, { timeout: 0 });
    expect((await fixture.api.inspect(stubborn.containerId)).State).toMatchObject({ ExitCode: 137 });
  });

  it('a forced removal does not wait for the grace period of a stop', async () => {
    const { containerId } = await sleeper({
      command: script('trap "" TERM; echo up; while true; do sleep 0.05; done'),
    });
    await hasLogged(containerId, 'up');
    const stopping = fixture.api.stop(containerId, { timeout: 3600 });
    const lock = fixture.services.paths.lock('container', containerId);
    const isHeld = async () => {
      const held = await fixture.host.locks.tryAcquire(lock);
      await held?.release();
      return held === undefined;
    };
    await expect.poll(isHeld).toBe(true);
    await fixture.api.remove(containerId, { force: true });
    await stopping;
    expect(await fixture.api.list({ all: true })).toEqual([]);
  });

  it('pauses and goes on; a paused one can be stopped', async () => {
    const { containerId } = await sleeper();
    await fixture.api.pause(containerId);
    expect((await fixture.api.list())[0]?.status).toBe('paused');
    await expect(fixture.api.exec({ container: containerId, command: ['true'] })).rejects.toMatchObject({
      code: 'CONTAINER_PAUSED',
    });
    await fixture.api.unpause(containerId);
    await fixture.api.pause(containerId);
    await fixture.api.stop(containerId, { timeout: 0 });
    expect((await fixture.api.inspect(containerId)).State).toMatchObject({ Status: 'exited' });
  });

  it('a commit that is killed leaves it paused for everybody, and unpause lets it go on', async () => {
    const { containerId } = await sleeper();
    const exec = () => fixture.api.exec({ container: containerId, command: ['true'] });
    const record = findContainer(fixture.services.database, containerId);
    const thaw = await freezeContainer(fixture.services, record);
    expect((await fixture.api.list())[0]?.status).toBe('paused');
    await expect(exec()).rejects.toMatchObject({ code: 'CONTAINER_PAUSED' });
    await fixture.api.unpause(containerId);
    expect((await finish(await exec())).code).toBe(0);
    await fixture.api.pause(containerId);
    await fixture.api.unpause(containerId);
    // Of one that was not killed after all: nothing is left to do.
    await thaw();
    expect((await fixture.api.list())[0]?.status).toBe('running');
    await (await freezeContainer(fixture.services, record))();
    expect((await fixture.api.list())[0]?.status).toBe('running');
    expect((await finish(await exec())).code).toBe(0);
  });

  it('prune spares what is younger, and what has a label', async () => {
    const { id } = await fixture.api.create({ image: 'busybox', command: ['true'], labels: { keep: 'yes' } });
    const hourAgo = new Date(Date.now() - 3_600_000);
    for (const spared of [{ until: hourAgo }, { labels: ['!keep'] }])
      expect((await fixture.api.prune(spared)).removed).toEqual([]);
    expect((await fixture.api.prune({ until: new Date(), labels: ['keep=yes'] })).removed).toEqual([id]);
  });

  it('the last n are counted among those that a filter lets through', async () => {
    for (const tier of ['one', 'two', 'three']) await sleeper({ name: `of-${tier}`, labels: { tier } });
    const names = async (filter: ContainerFilter) => (await fixture.api.list(filter)).map(({ name }) => name);
    expect(await names({ last: 1, labels: ['tier=one'] })).toEqual(['of-one']);
    expect(await names({ last: 2, names: ['of-'] })).toEqual(['of-three', 'of-two']);
    expect(await names({ last: 1 })).toEqual(['of-three']);
  });

  it('a start that fails leaves the container, with the reason', async () => {
    const { id } = await fixture.api.create({ image: 'busybox', command: ['nonsense'] });
    await expect(fixture.api.start(id)).rejects.toMatchObject({ exitCode: 127 });
    expect((await fixture.api.inspect(id)).State).toMatchObject({ Status: 'created', ExitCode: 127 });
  });

  it('one winner of a name; refused while running; found by prefix', async () => {
    const all = await Promise.allSettled([1, 2, 3, 4].map(() => sleeper({ name: 'only' })));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(fixture.api.remove('only')).rejects.toMatchObject({ code: 'CONTAINER_RUNNING' });
    const id = (await fixture.api.list())[0]?.id as string;
    await fixture.api.rename(id.slice(0, 6), 'other');
    await fixture.api.remove('other', { force: true });
    await expect(fixture.api.inspect('other')).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' });
  });

  it('wait: not-running, next-exit, removed', async () => {
    const { id } = await fixture.api.create({
      image: 'busybox',
      command: script('sleep 0.2; exit 5'),
      autoRemove: true,
    });
    const waits = Promise.all([
      fixture.api.wait(id, { condition: 'next-exit' }),
      fixture.api.wait(id, { condition: 'removed' }),
    ]);
    const session = await fixture.api.start(id);
    expect((await fixture.api.wait(id)).code).toBe(5);
    expect((await waits).map(({ code }) => code)).toEqual([5, 5]);
    expect((await session.wait()).code).toBe(5);
  });

  it('updates limits of what runs', async () => {
    const { containerId } = await sleeper({ resources: { memory: 32 * 2 ** 20 } });
    await fixture.api.update(containerId, { memory: 64 * 2 ** 20, pids: 77 });
    const session = await fixture.api.exec({
      container: containerId,
      command: script('cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max'),
    });
    expect((await finish(session)).stdout).toBe('67108864\n77\n');
  });
});

describe('exec', () => {
  it('has its own user, environment, directory, input and exit code', async () => {
    const { containerId } = await sleeper({ env: ['A=1'] });
    const session = await fixture.api.exec({
      container: containerId,
      command: script('cat; id -u; pwd; echo $A$B; exit 9'),
      env: ['B=2'],
      user: '33:44',
      workingDirectory: '/tmp',
      stdin: true,
    });
    await session.streams?.write(Buffer.from('in\n'));
    session.streams?.endInput();
    expect(await finish(session)).toEqual({ code: 9, stdout: 'in\n33\n/tmp\n12\n', stderr: '' });
  });

  it('127 and 126 as Docker', async () => {
    const { containerId: container } = await sleeper();
    await expect(fixture.api.exec({ container, command: ['nonsense'] })).rejects.toMatchObject({
      exitCode: 127,
    });
    await expect(fixture.api.exec({ container, command: ['/etc'] })).rejects.toMatchObject({ exitCode: 126 });
  });
});

describe('logs', () => {
  it('come in order, from the end, joined, and follow to the end', async () => {
    const { containerId } = await sleeper({
      command: script(
        'i=0; while [ $i -lt 20 ]; do echo line $i; i=$((i+1)); done; head -c 20000 /dev/zero | tr "\\0" z; echo; sleep 0.1; echo err >&2; sleep 0.3; echo last',
      ),
    });
    const followed: string[] = [];
    for await (const { data } of fixture.api.logs({ container: containerId, follow: true }))
      followed.push(data.toString());
    expect(followed).toHaveLength(23);
    expect(followed[20]).toBe(`${'z'.repeat(20000)}\n`);
    expect(followed.at(-1)).toBe('last\n');
    const tail: string[] = [];
    for await (const { data } of fixture.api.logs({ container: containerId, tail: 2 }))
      tail.push(data.toString());
    expect(tail).toEqual(['err\n', 'last\n']);
  });

  it('keep every line while nobody looks', async () => {
    const { containerId } = await sleeper({ command: ['seq', '1', '300000'] });
    await fixture.api.wait(containerId);
    let next = 1;
    for await (const { data } of fixture.api.logs({ container: containerId }))
      for (const line of data.toString().split('\n').slice(0, -1)) {
        if (Number(line) !== next) expect(Number(line)).toBe(next);
        next++;
      }
    expect(next).toBe(300_001);
  });

  it('rotate, and a follower misses nothing', async () => {
    const count = 3000;
    const { containerId } = await sleeper({
      log: { maxBytes: 32 * 1024, maxFiles: 3 },
      command: script(
        `i=0; while [ $i -lt ${count} ]; do echo line number $i; i=$((i+1)); [ $((i % 100)) = 0 ] && sleep 0.1; done`,
      ),
    });
    const keeping = fixture.api.keep();
    const seen: number[] = [];
    for await (const { data } of fixture.api.logs({ container: containerId, follow: true }))
      seen.push(Number(/\d+/.exec(data.toString())?.[0]));
    expect(seen).toEqual(Array.from({ length: count }, (_, n) => n));
    await fixture.api.wait(containerId);
    await keeping;
    const kept: number[] = [];
    for await (const { data } of fixture.api.logs({ container: containerId }))
      kept.push(Number(/\d+/.exec(data.toString())?.[0]));
    expect(kept.at(-1)).toBe(count - 1);
    expect(kept.length).toBeLessThan(count);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, n) => count - kept.length + n));
  });
});

describe('files', () => {
  const collect = async (tar: AsyncIterable<Buffer>) => {
    const parts: Buffer[] = [];
    for await (const part of tar) parts.push(part);
    return Buffer.concat(parts);
  };

  it.each([['running'], ['stopped']])('copies out of and into a %s container', async (state) => {
    const { containerId } = await sleeper({ mounts: [{ type: 'tmpfs', target: '/scratch' }] });
    if (state === 'stopped') await fixture.api.stop(containerId, { timeout: 0 });
    const { stat, tar } = await fixture.api.copyOut(containerId, '/bin/busybox');
    expect(stat).toMatchObject({ name: 'busybox', isDirectory: false });
    const archive = await collect(tar);
    expect(archive.length).toBeGreaterThan(stat.size);
    await fixture.api.copyIn(
      containerId,
      '/tmp',
      (async function* () {
        yield archive;
      })(),
    );
    expect(await fixture.api.statPath(containerId, '/tmp/busybox')).toMatchObject({ size: stat.size });
    expect(await fixture.api.statPath(containerId, '/nothing')).toBeUndefined();
    expect((await fixture.api.statPath(containerId, '/bin/sh'))?.linkTarget).toBe('busybox');
    if (state === 'stopped')
      expect(await fixture.host.mounter.list(fixture.services.paths.container(containerId))).toEqual([]);
  });

  it('copies into volumes and binds of a container that never ran, and export leaves them out', async () => {
    await fixture.image('with-volume', (rootfs) => mkdirSync(join(rootfs, 'vol')), { volumes: ['/vol'] });
    const source = mkdtempSync('/dev/shm/containers-bind-');
    const { id } = await fixture.api.create({
      image: 'with-volume',
      command: ['cat', '/vol/cat', '/bound/cat'],
      mounts: [{ type: 'bind', source, target: '/bound' }],
    });
    const { tar } = await fixture.api.copyOut(id, '/bin/cat');
    const archive = await collect(tar);
    const link = async function* () {
      yield archive;
    };
    for (const path of ['/vol', '/bound']) await fixture.api.copyIn(id, path, link());
    expect(readdirSync(source)).toEqual(['cat']);
    expect((await fixture.api.statPath(id, '/vol/cat'))?.linkTarget).toBe('busybox');
    expect((await collect(await fixture.api.exportTar(id))).includes(Buffer.from('vol/cat'))).toBe(false);
    expect(await fixture.host.mounter.list(fixture.services.paths.container(id))).toEqual([]);
    await fixture.api.remove(id);
    rmSync(source, { recursive: true });
  });

  it('diff shows what the container did and not what we made', async () => {
    const { containerId } = await sleeper({
      command: script('echo x > /new; rm /bin/yes; mkdir /etc/own; sleep 300'),
    });
    await expect
      .poll(async () =>
        (await fixture.api.diff(containerId))
          .map(({ kind, path }) => `${kind} ${path}`)
          .sort()
          .join(', '),
      )
      .toBe('A /etc/own, A /new, C /bin, C /etc, D /bin/yes');
  });

  it('exports the tree', async () => {
    const { id } = await fixture.api.create({ image: 'busybox', command: ['true'] });
    const tar = await collect(await fixture.api.exportTar(id));
    expect(tar.includes(Buffer.from('bin/busybox'))).toBe(true);
  });

  it('an export of what is removed meanwhile fails', async () => {
    const { containerId } = await sleeper();
    const pieces = (await fixture.api.exportTar(containerId))[Symbol.asyncIterator]();
    await pieces.next();
    await fixture.api.remove(containerId, { force: true });
    const rest = async () => {
      for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next());
    };
    await expect(rest()).rejects.toMatchObject({ code: 'CONTAINER_REMOVED' });
  });

  it('exports its own files, not /proc, when it starts while the export waits for it', async () => {
    const { id } = await fixture.api.create({ image: 'busybox', command: ['sleep', '300'] });
    const { services, host } = fixture;
    const lock = await host.locks.acquire(services.paths.lock('container', id));
    const exporting = fixture.api.exportTar(id);
    await (await startLocked(services, id, { attach: false }))[Symbol.asyncDispose]();
    await lock.release();
    const tar = await collect(await exporting);
    expect(tar.includes(Buffer.from('bin/busybox'))).toBe(true);
    expect(tar.includes(Buffer.from('proc/1/'))).toBe(false);
  });
});

describe('after a crash the truth is told and everything can be taken down', () => {
  it('kill -9 of the monitor: exited (255), start and rm work', async () => {
    const { containerId } = await sleeper();
    process.kill(monitorPid(containerId), 'SIGKILL');
    const seen = () => listContainers(createDatabases(), fixture.root, { all: true })[0];
    await expect.poll(seen).toMatchObject({ status: 'running', unattended: true });
    const gone = { code: 'CONTAINER_NOT_RUNNING' };
    await expect(fixture.api.exec({ container: containerId, command: ['true'] })).rejects.toMatchObject(gone);
    await expect(fixture.api.top(containerId)).rejects.toMatchObject(gone);
    await expect
      .poll(async () => (await fixture.api.list({ all: true }))[0])
      .toMatchObject({ status: 'exited', exitCode: 255 });
    const again = await fixture.api.start(containerId);
    await fixture.api.kill(again.containerId);
    await fixture.api.remove(containerId);
  });

  it('a reboot: another boot, /run empty, no mounts', async () => {
    const { containerId } = await sleeper();
    const { database, paths, host } = fixture.services;
    const before = row(containerId).process as string;
    process.kill((JSON.parse(before) as { process: { pid: number } }).process.pid, 'SIGKILL');
    await expect.poll(() => host.processes.alive(JSON.parse(before).monitor)).toBe(false);
    await host.mounter.unmount(join(paths.container(containerId), 'rootfs'));
    rmSync(paths.containerRun(containerId), { recursive: true });
    const rebooted = before.replaceAll(/"bootId":"[^"]*"/g, '"bootId":"another-boot"');
    database.run('UPDATE containers SET process = ? WHERE id = ?', rebooted, containerId);
    const all = listContainers(createDatabases(), fixture.root, { all: true });
    expect(all[0]).toMatchObject({ status: 'exited', exitCode: 255 });
    const ids = listContainerIds(createDatabases(), fixture.root).map(({ id }) => id);
    expect(ids).toEqual(all.map(({ id }) => id));
    await fixture.api.start(containerId);
    expect((await fixture.api.list())[0]?.status).toBe('running');
  });

  it('a recycled pid is nobody of ours', async () => {
    const { containerId } = await sleeper();
    const { database } = fixture.services;
    const stored = JSON.parse(row(containerId).process as string);
    await fixture.api.kill(containerId);
    const decoy = { ...fixture.host.processes.self, startTime: fixture.host.processes.self.startTime - 1 };
    const recycled = { ...stored, process: decoy, monitor: decoy };
    rmSync(stored.exitFile, { force: true });
    database.run(
      "UPDATE containers SET status = 'running', process = ? WHERE id = ?",
      JSON.stringify(recycled),
      containerId,
    );
    await fixture.api.remove(containerId, { force: true });
    expect(readFileSync('/proc/self/stat', 'utf8')).toContain(String(process.pid));
  });

  it('check finds and repairs half-made, half-removed and orphaned things', async () => {
    const { id } = await fixture.api.create({ image: 'busybox', command: ['true'], name: 'half' });
    const removed = await fixture.api.create({ image: 'busybox', command: ['true'], name: 'gone' });
    const { database, paths } = fixture.services;
    database.run("UPDATE containers SET status = 'creating' WHERE id = ?", id);
    database.run("UPDATE containers SET status = 'removing' WHERE id = ?", removed.id);
    const stray = 'f'.repeat(64);
    writeFileSync(`${paths.container(stray)}-not-ours`, '');
    mkdirSync(paths.container(stray));
    await (await fixture.services.cgroup()).create(stray, {});
    const codes = (await checkContainers(fixture.services)).map(({ code }) => code).sort();
    expect(codes).toEqual([
      'CGROUP_LEFT',
      'CONTAINER_DIRECTORY_LEFT',
      'CONTAINER_HALF_MADE',
      'CONTAINER_HALF_REMOVED',
    ]);
    expect(
      (await checkContainers(fixture.services, { repair: true })).every(({ repaired }) => repaired),
    ).toBe(true);
    expect(await checkContainers(fixture.services)).toEqual([]);
    rmSync(`${paths.container(stray)}-not-ours`);
  });
});

describe('ps of many', () => {
  it('filters and orders without looking anywhere but the store', async () => {
    const { database } = fixture.services;
    const { id } = await fixture.api.create({
      image: 'busybox',
      command: ['true'],
      labels: { a: 'b' },
      name: 'first',
    });
    const template = row(id);
    database.transaction(() => {
      for (let n = 0; n < 2000; n++)
        database.run(
          `INSERT INTO containers (id, name, status, image, image_id, storage, network, command, labels, config, created,
             exit_code) SELECT ?, ?, 'exited', image, image_id, storage, network, command, labels, config, ?, ?
           FROM containers WHERE id = ?`,
          n.toString(16).padStart(64, '0'),
          `many_${n}`,
          new Date(Date.parse(template.created) + n + 1).toISOString(),
          n % 3,
          id,
        );
    });
    const list = (filter: Parameters<typeof listContainers>[2]) =>
      listContainers(createDatabases(), fixture.root, filter);
    expect(list({})).toEqual([]);
    expect(list({ all: true })).toHaveLength(2001);
    expect(list({ last: 1 })[0]?.name).toBe('many_1999');
    expect(list({ all: true, exited: [2] })).toHaveLength(666);
    expect(list({ all: true, names: ['many_19$'] })).toHaveLength(1);
    expect(list({ all: true, labels: ['a=c'] })).toEqual([]);
    expect(list({ all: true, before: 'many_0' }).map(({ name }) => name)).toEqual(['first']);
    database.run("DELETE FROM containers WHERE name LIKE 'many_%'");
  });
});
