/** Two built-in layer drivers and two added ones under Debian's containerd, through `strata snapshotter`. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { layeredImage, pushLayout } from '@strata/test-fixtures';
import { startRegistry, type TestRegistry } from '@strata/test-fixtures/registry';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Containerd, SnapshotterServer } from './containerd-daemon.ts';
import { examplePackage } from './example-package.ts';
import { packed } from './packages.ts';
import { type Stage, stage } from './setup.ts';

let base: Stage;
let registry: TestRegistry;
let image: string;

beforeAll(async () => {
  base = await stage({ btrfs: true });
  await base.home.ok('driver', 'add', examplePackage(base.filesystem.directory));
  await base.home.ok('driver', 'add', await packed('layer-erofs', base.filesystem.directory));
  registry = await startRegistry();
  image = `${registry.address}/layered:test`;
  pushLayout(layeredImage(), image);
});

afterAll(async () => {
  await registry?.stop();
  await base?.[Symbol.asyncDispose]();
});

/** Of the store, of containerd and of everything that reads a file of the driver's: none between containers. */
function mountsOf(driver: string): string[] {
  const parts = ['/run/held/', `/c-${driver}/`, `/layers/${driver}/`];
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(
      (line) => line.includes(base.home.root.slice(0, -'root'.length)) || line.includes(`/c-${driver}/`),
    )
    .filter((line) => parts.some((part) => line.includes(part)));
}

describe.each(['overlay', 'btrfs', 'example', 'erofs'])('containerd on %s', (driver) => {
  const snapshotter = `strata-${driver}`;
  let server: SnapshotterServer;
  let containerd: Containerd;

  const snapshots = async () => {
    const text = await containerd.ok('snapshots', '--snapshotter', snapshotter, 'ls');
    const lines = text.split('\n').slice(1);
    return lines.filter((line) => line !== '').map((line) => line.trim().split(/\s+/));
  };
  const run = (name: string, ...command: readonly string[]) =>
    containerd.ctr('run', '--rm', '--snapshotter', snapshotter, image, name, ...command);

  beforeAll(async () => {
    server = new SnapshotterServer(base.home, driver);
    await server.start();
    containerd = new Containerd(`${base.filesystem.directory}/c-${driver}`, {
      [snapshotter]: server.address,
    });
    await containerd.start();
  });

  afterAll(async () => {
    await containerd?.stop();
    await server?.stop();
    rmSync(containerd.directory, { recursive: true, force: true });
  });

  test('an image is pulled, layer by layer', async () => {
    await containerd.ok('image', 'pull', '--plain-http', '--snapshotter', snapshotter, image);
    const all = await snapshots();
    expect(all.map((words) => words.at(-1))).toEqual(['Committed', 'Committed', 'Committed', 'Committed']);
    expect(all.every(([name]) => /^sha256:[0-9a-f]{64}$/.test(name!))).toBe(true);
    const tree = await containerd.ok('snapshots', '--snapshotter', snapshotter, 'tree');
    expect(tree.trim().split('\n')).toHaveLength(4);
    const usage = await containerd.ok('snapshots', '--snapshotter', snapshotter, 'usage');
    expect(usage).toMatch(/[1-9][0-9.]* [KM]iB/);
  });

  test('a container sees the layers as they were meant', async () => {
    const { code, stdout, stderr } = await run(
      'look',
      'sh',
      '-c',
      'cd /data && cat kept changed && ls . replaced && echo new > /data/kept && cat kept',
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const said = [
      'kept 1',
      'changed 2',
      '.:',
      'changed',
      'kept',
      'replaced',
      '',
      'replaced:',
      'new',
      'new',
      '',
    ];
    expect(stdout.split('\n')).toEqual(said);
    expect((await run('again', 'cat', '/data/kept')).stdout).toBe('kept 1\n');
    expect((await run('status', 'sh', '-c', 'exit 7')).code).toBe(7);
    expect(await snapshots()).toHaveLength(4);
  });

  test('a snapshot is prepared, shown and removed by hand', async () => {
    const [[top]] = (await snapshots()).slice(-1) as [string[]];
    await containerd.ok('snapshots', '--snapshotter', snapshotter, 'prepare', 'mine', top!);
    const mounts = await containerd.ok('snapshots', '--snapshotter', snapshotter, 'mounts', '/mnt', 'mine');
    expect(mounts).toMatch(/^mount -t (overlay|bind) /);
    const info = await containerd.ok('snapshots', '--snapshotter', snapshotter, 'info', 'mine');
    expect(JSON.parse(info)).toMatchObject({ Kind: 'Active', Name: 'mine', Parent: top });
    await containerd.ok('snapshots', '--snapshotter', snapshotter, 'label', 'mine', 'a.b/c=d');
    const labelled = await containerd.ok('snapshots', '--snapshotter', snapshotter, 'info', 'mine');
    expect(JSON.parse(labelled)).toMatchObject({ Labels: { 'a.b/c': 'd' } });
    const inUse = await containerd.ctr('snapshots', '--snapshotter', snapshotter, 'rm', top!);
    expect(inUse.stderr).toMatch(/cannot remove/i);
    await containerd.ok('snapshots', '--snapshotter', snapshotter, 'rm', 'mine');
    const gone = await containerd.ctr('snapshots', '--snapshotter', snapshotter, 'info', 'mine');
    expect(gone.stderr).toMatch(/not found/);
    const orphan = await containerd.ctr('snapshots', '--snapshotter', snapshotter, 'prepare', 'x', 'nothing');
    expect(orphan.stderr).toMatch(/not found/);
  });

  test('both restart without loss while a container is there', async () => {
    const id = 'kept';
    await containerd.ok('container', 'create', '--snapshotter', snapshotter, image, id, 'cat', '/mine');
    await containerd.mounted(snapshotter, id, (directory) =>
      writeFileSync(`${directory}/mine`, 'still here\n'),
    );
    const before = await snapshots();
    expect(before).toHaveLength(5);
    expect(await server.stop('SIGTERM')).toBe(0);
    expect(existsSync(server.address)).toBe(false);
    const alone = await containerd.ctr('snapshots', '--snapshotter', snapshotter, 'info', id);
    expect(alone.code).not.toBe(0);
    await server.start();
    await containerd.stop('SIGTERM');
    await server.stop('SIGKILL');
    expect(existsSync(server.address)).toBe(true);
    await server.start();
    await containerd.start();
    expect(await snapshots()).toEqual(before);
    const task = await containerd.ctr('task', 'start', id);
    expect(task).toEqual({ code: 0, stdout: 'still here\n', stderr: '' });
    await containerd.ctr('task', 'rm', id);
    await containerd.ok('container', 'rm', id);
  });

  test('strata leaves the layers of containerd alone, and the other way round', async () => {
    const before = await snapshots();
    await base.home.ok('pull', image);
    await base.home.ok(`--storage=${driver}`, 'image', 'unpack', image);
    const own = await base.home.ok(`--storage=${driver}`, 'run', '--rm', image, 'cat', '/data/changed');
    expect(own).toBe('changed 2');
    await base.home.ok('storage', 'prune', '--force');
    expect(await base.home.ok('check', '--repair', '--format', 'json')).not.toMatch(/LAYER/);
    expect(await snapshots()).toEqual(before);
    const [status] = JSON.parse(await base.home.ok('driver', 'inspect', driver)) as [unknown];
    expect(status).toMatchObject({ Layers: { others: [{ owner: 'containerd', count: before.length }] } });
    expect((await run('after-prune', 'cat', '/data/changed')).stdout).toBe('changed 2\n');
    // containerd's garbage collection removes every snapshot it does not know.
    await containerd.ok('image', 'rm', '--sync', image);
    expect(await snapshots()).toEqual([]);
    expect(mountsOf(driver)).toEqual([]);
    expect(await base.home.ok(`--storage=${driver}`, 'run', '--rm', image, 'cat', '/data/kept')).toBe(
      'kept 1',
    );
    await base.home.ok('rmi', image);
  });

  test('a server that is killed in the middle of a pull costs a second pull, nothing else', async () => {
    const pull = () => containerd.ctr('image', 'pull', '--plain-http', '--snapshotter', snapshotter, image);
    const first = pull();
    for (let tries = 0; tries < 400 && server.layers() === 0; tries++) await sleep(2);
    await server.stop('SIGKILL');
    await first;
    await server.start();
    await containerd.connected(snapshotter);
    const { code, stderr } = await pull();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((await run('after-kill', 'cat', '/data/kept')).stdout).toBe('kept 1\n');
    expect(await base.home.ok('check', '--format', 'json')).not.toMatch(/LAYER_(MISSING|WITHOUT_ROW)/);
  });

  test('containers start and end side by side', async () => {
    const ids = Array.from({ length: 8 }, (_, n) => `many-${n}`);
    // ctr stops reading when the process has ended, also before it has read all.
    const said = await Promise.all(
      ids.map((id) => run(id, 'sh', '-c', `echo ${id} > /x && cat /x; sleep 1`)),
    );
    expect(said).toEqual(ids.map((id) => ({ code: 0, stdout: `${id}\n`, stderr: '' })));
    expect(await snapshots()).toHaveLength(4);
    // What goes while containerd collects garbage is collected the next time, and that may be never: ask for it.
    await containerd.ok('leases', 'create', '--id', 'collect');
    await containerd.ok('leases', 'delete', '--sync', 'collect');
    await vi.waitFor(() => expect(mountsOf(driver)).toEqual([]), { timeout: 60_000 });
    expect(await base.home.ok('check', '--format', 'json')).not.toMatch(/MOUNT_LEFT/);
  });

  test('the socket is for root alone', () => {
    expect(statSync(server.address).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(server.address)).mode & 0o777).toBe(0o700);
  });
});

test('a Kubernetes node pulls through the CRI', async () => {
  const server = new SnapshotterServer(base.home, 'btrfs');
  await server.start();
  const node = new Containerd(
    `${base.filesystem.directory}/c-cri`,
    { node: server.address },
    { cri: 'node' },
  );
  try {
    await node.start();
    expect((await node.ok('plugins', 'ls', 'id==cri')).trim().split(/\s+/).at(-1)).toBe('ok');
    await node.criPull(image);
    const all = await node.ok('--namespace', 'k8s.io', 'snapshots', '--snapshotter', 'node', 'ls');
    expect(all.match(/Committed/g)).toHaveLength(4);
  } finally {
    await node.stop();
    await server.stop();
  }
});
