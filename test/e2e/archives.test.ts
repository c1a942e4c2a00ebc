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
