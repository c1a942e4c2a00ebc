import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage, invoke } from '@strata/test-fixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RegistryStage, registryStage, type Stage, stage } from './setup.ts';

describe('images that travel', () => {
  let place: Stage;
  let registry: RegistryStage;
  beforeAll(async () => {
    [place, registry] = await Promise.all([stage({ busybox: true }), registryStage()]);
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });
  const file = (name: string) => join(place.filesystem.directory, name);

  it('are read by skopeo and unpacked by umoci', async () => {
    await place.home.ok('save', '--format', 'oci-dir', '-o', file('layout'), 'busybox:latest');
    const bundle = file('bundle');
    const unpacked = await invoke('umoci', ['unpack', '--image', `${file('layout')}:latest`, bundle]);
    expect(unpacked).toMatchObject({ code: 0 });
    expect((await invoke(join(bundle, 'rootfs/bin/busybox'), ['echo', 'alive'])).stdout).toBe('alive\n');
    for (const [format, transport] of [
      ['docker-archive', 'docker-archive'],
      ['oci-archive', 'oci-archive'],
    ] as const) {
      const path = file(`${format}.tar`);
      await place.home.ok('save', '--format', format, '-o', path, 'busybox:latest');
      const seen = await invoke('skopeo', ['inspect', '--config', `${transport}:${path}`]);
      expect(JSON.parse(seen.stdout)).toMatchObject({ os: 'linux', rootfs: { type: 'layers' } });
    }
  });

  it('are laid out with the types of OCI, also those that came with Docker’s', async () => {
    const name = `${registry.address}/docker-types:1`;
    const source = `oci:${busyboxImage().layout}:${busyboxImage().tag}`;
    const target = ['--dest-tls-verify=false', source, `docker://${name}`];
    expect(await invoke('skopeo', ['copy', '--format', 'v2s2', ...target])).toMatchObject({ code: 0 });
    await place.home.ok('pull', name);
    const id = await place.home.ok('images', '-q', '--no-trunc', name);
    await place.home.ok('save', '--format', 'oci-dir', '-o', file('docker-types'), name);
    const unpack = ['unpack', '--image', `${file('docker-types')}:1`, file('docker-types-bundle')];
    expect(await invoke('umoci', unpack)).toMatchObject({ code: 0 });
    await place.home.ok('rmi', name);
    await place.home.ok('load', '-i', file('docker-types'));
    expect(await place.home.ok('images', '-q', '--no-trunc', name)).toBe(id);
  });

  it('are written into devices and pipes, which stay what they are', async () => {
    const pipe = file('pipe');
    const device = file('device');
    execFileSync('mkfifo', [pipe]);
    execFileSync('mknod', [device, 'c', '1', '3']);
    const reading = invoke('tar', ['-tf', pipe]);
    await place.home.ok('save', '-o', pipe, 'busybox:latest');
    expect((await reading).stdout).toContain('manifest.json');
    await place.home.ok('save', '-o', device, 'busybox:latest');
    expect(statSync(device).isCharacterDevice()).toBe(true);
  });

  it('and are of another machine cost a warning, unless that was asked for', async () => {
    const { home } = place;
    execFileSync('tar', ['-cf', file('none.tar'), '-T', '/dev/null']);
    await home.ok('import', '--platform', 'linux/s390x', '-c', 'CMD ["/x"]', file('none.tar'), 'foreign:1');
    const create = (...flags: string[]) => home.strata(['create', ...flags, 'foreign:1']);
    const warning = "WARNING: The requested image's platform (linux/s390x) does not match";
    expect((await create()).stderr).toContain(warning);
    expect(await create('--platform', 'linux/s390x')).toMatchObject({ code: 0, stderr: '' });
    for (const id of (await home.ok('ps', '-aq')).split('\n')) await home.ok('rm', id);
  });

  it('whose reader or disk ends cost a sentence', async () => {
    const save = (script: string) =>
      place.home.strata(['save', 'busybox:latest'], { prefix: ['bash', '-c', script, 'bash'] });
    const left = await save('set -o pipefail; "$@" | head -c 10 >/dev/null');
    expect(left).toEqual({ code: 141, stdout: '', stderr: '' });
    const full = await save('"$@" >/dev/full');
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(/^strata: No space left to write the output [^\n]*\nhint: [^\n]*\n$/);
  });

  it('come back from what skopeo and umoci write', async () => {
    for (const transport of ['docker-archive', 'oci-archive']) {
      const path = file(`theirs-${transport}.tar`);
      const source = busyboxImage();
      const copied = await invoke('skopeo', [
        'copy',
        '-q',
        `oci:${source.layout}:${source.tag}`,
        `${transport}:${path}:theirs:${transport}`,
      ]);
      expect(copied).toMatchObject({ code: 0 });
      expect(await place.home.ok('load', '-i', path)).toMatch(/Loaded image/);
      expect(await place.home.ok('run', '--rm', `theirs:${transport}`, 'echo', 'loaded')).toBe('loaded');
    }
  });

  it('are pushed, and pulled by others', async () => {
    const target = `${registry.address}/pushed:1`;
    await place.home.ok('tag', 'busybox:latest', target);
    await place.home.ok('push', target);
    const seen = await invoke('skopeo', ['inspect', '--tls-verify=false', `docker://${target}`]);
    expect(JSON.parse(seen.stdout).Layers).toHaveLength(1);
  });

  it('are made from a tar, from a directory and from a container, byte for byte the same each time', async () => {
    const tar = file('root.tar');
    await place.home.ok('create', '--name', 'source', 'busybox:latest');
    await place.home.ok('export', '-o', tar, 'source');
    const first = await place.home.ok('import', tar, 'imported:1');
    expect(await place.home.ok('run', '--rm', 'imported:1', '/bin/echo', 'imported')).toBe('imported');
    expect(first).toMatch(/^sha256:/);
    const tree = file('tree');
    expect(await invoke('sh', ['-c', 'mkdir "$1" && tar -C "$1" -xf "$2"', 'sh', tree, tar])).toMatchObject({
      code: 0,
    });
    await place.home.ok('init', tree, 'made:1');
    await place.home.ok('init', tree, 'made:2');
    const layers = (name: string) => place.home.ok('inspect', '--format', '{{json .RootFS.Layers}}', name);
    expect(await layers('made:1')).toBe(await layers('made:2'));
    expect(await place.home.ok('run', '--rm', 'made:1', '/bin/echo', 'made')).toBe('made');
  });
});
