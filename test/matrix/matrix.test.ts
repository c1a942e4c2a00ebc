import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage, createLoopFilesystem, type LoopFilesystem, StrataHome } from '@strata/test-fixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A pair of interfaces that goes with its container; nothing of /etc/cni/net.d, which may be empty. */
function cniNetwork(directory: string): string {
  const path = join(directory, 'matrix.conflist');
  const ipam = { type: 'host-local', subnet: '10.213.77.0/24', dataDir: join(directory, 'cni') };
  const list = { cniVersion: '1.0.0', name: 'matrix', plugins: [{ type: 'ptp', ipam }] };
  writeFileSync(path, JSON.stringify(list));
  return path;
}

/** Every storage × network × cgroup pair that this host supports boots a process and leaves nothing. */
describe('every combination of drivers', () => {
  let filesystem: LoopFilesystem;
  let home: StrataHome;
  let drivers: { Kind: string; ID: string; Probe: { Supported: boolean; Reason?: string } }[];

  beforeAll(async () => {
    filesystem = await createLoopFilesystem({ type: 'ext4', size: 4 * 1024 ** 3 });
    home = new StrataHome(filesystem.directory);
    const conflist = JSON.stringify(cniNetwork(filesystem.directory));
    appendFileSync(join(home.root, '../config.toml'), `[options.network.cni]\nconflist = ${conflist}\n`);
    await home.ok('storage', 'init', 'btrfs', '--size', '1G');
    await home.ok('load', '-i', busyboxImage().layout);
    await home.ok('tag', (await home.ok('images', '-q')).split('\n')[0]!, 'busybox:latest');
    drivers = JSON.parse(await home.ok('info', '--format', '{{json .Drivers}}'));
  });
  afterAll(async () => {
    await home?.[Symbol.asyncDispose]();
    await filesystem?.dispose();
  });

  const ids = (kind: string) =>
    drivers.filter((driver) => driver.Kind === kind && driver.Probe.Supported).map((driver) => driver.ID);

  it('has the three layer drivers here', () => {
    expect(ids('layer')).toEqual(expect.arrayContaining(['overlay', 'btrfs', 'vfs']));
  });

  it('runs a process', async () => {
    for (const driver of drivers.filter(({ Probe }) => !Probe.Supported))
      console.log(`not here: ${driver.Kind} ${driver.ID}: ${driver.Probe.Reason}`);
    await home.ok('run', '--rm', '--storage=vfs', 'busybox', 'true');
    for (const storage of ids('layer')) await home.ok('image', 'unpack', `--storage=${storage}`, 'busybox');
    const before = home.traces();
    for (const storage of ids('layer'))
      for (const network of ids('network'))
        for (const cgroup of ids('cgroup')) {
          const args = [
            'run',
            '--rm',
            `--storage=${storage}`,
            `--network=${network}`,
            'busybox',
            'echo',
            'alive',
          ];
          const { code, stdout, stderr } = await home.strata(args, { env: { STRATA_CGROUP: cgroup } });
          expect
            .soft({ storage, network, cgroup, code, stdout, stderr })
            .toMatchObject({ code: 0, stdout: 'alive\n' });
        }
    await expect.poll(() => home.traces()).toEqual(before);
  });
});
