import { spawn, spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Descriptor, ImageStore } from '@strata/core';
import {
  digestOf,
  encodeManifest,
  hostPlatform,
  loadImages,
  mediaTypes,
  putBlob,
  saveDirectory,
  saveImages,
} from '@strata/oci';
import { skipped } from '@strata/test-fixtures';
import { Header } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, openStore, scratch } from './support.ts';

let directory: ReturnType<typeof scratch>;
let store: ImageStore;
const at = (...names: string[]) => join(directory.path, ...names);

beforeEach(async () => {
  directory = scratch();
  store = await openStore(directory.path);
});
afterEach(async () => {
  await store.close();
  directory.remove();
});

type Member = readonly [
  name: string,
  content: string | Buffer,
  type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice',
];

/** A tar of these members; a link's content is its target. */
function tar(...members: readonly Member[]): Buffer {
  const blocks: Buffer[] = [];
  for (const [path, content, type = 'File'] of members) {
    const bytes = Buffer.from(content);
    const link = type === 'SymbolicLink' || type === 'Link';
    const header = new Header({
      path,
      type,
      size: type === 'File' ? bytes.length : 0,
      mode: 0o644,
      ...(link ? { linkpath: String(content) } : {}),
    });
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    blocks.push(block);
    if (type === 'File') blocks.push(bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const layers = [tar(['a', 'one']), tar(['b', 'two'])];
const config = Buffer.from(
  JSON.stringify({
    os: 'linux',
    architecture: hostPlatform().architecture,
    config: { Cmd: ['/a'] },
    rootfs: { type: 'layers', diff_ids: layers.map((l) => digestOf(l)) },
  }),
);
const configName = `${digestOf(config).slice(7)}.json`;
const dockerManifest = (layerNames: string[], tags: string[] | null = ['my/app:1']) =>
  JSON.stringify([{ Config: configName, RepoTags: tags, Layers: layerNames }]);
const load = (bytes: Buffer) => loadImages(Readable.from([bytes]), store);

async function storedBlobs(): Promise<number> {
  let n = 0;
  for await (const _ of store.blobs()) n++;
  return n;
}

async function storedImage(compression: 'none' | 'gzip' | 'zstd' = 'gzip'): Promise<Descriptor> {
  const types = { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd };
  const pack = { none: (l: Buffer) => l, gzip: gzipSync, zstd: zstdCompressSync }[compression];
  const parts: Descriptor[] = [];
  for (const layer of layers) parts.push(await putBlob(store, pack(layer), types[compression]));
  const manifest = encodeManifest(await putBlob(store, config, mediaTypes.ociConfig), parts);
  return await putBlob(store, manifest, mediaTypes.ociManifest);
}

describe('docker-archive', () => {
  const old: Member[] = [
    ['1/layer.tar', layers[0]!],
    ['1/VERSION', '1.0'],
    ['2/layer.tar', layers[1]!],
    [configName, config],
  ];

  test('a layer per directory, with manifest.json', async () => {
    const [image] = await load(
      tar(...old, ['manifest.json', dockerManifest(['1/layer.tar', '2/layer.tar'], ['my/app:1', 'my/app'])]),
    );
    expect(image).toMatchObject({
      names: ['docker.io/my/app:1', 'docker.io/my/app:latest'],
      manifest: { layers: layers.map((l) => ({ digest: digestOf(l), mediaType: mediaTypes.ociLayer })) },
    });
    expect(image!.manifest.config.digest).toBe(digestOf(config));
    expect(await storedBlobs()).toBe(4);
  });

  test('the same compressed as a whole, with compressed layers and with links between members', async () => {
    const members: Member[] = [
      ['x.tar', gzipSync(layers[0]!)],
      ['1/layer.tar', '../x.tar', 'SymbolicLink'],
      ['2/y.tar', layers[1]!],
      ['2/layer.tar', '2/y.tar', 'Link'],
      [configName, config],
    ];
    const archive = tar(...members, ['manifest.json', dockerManifest(['1/layer.tar', '2/layer.tar'], null)]);
    for (const bytes of [archive, gzipSync(archive)]) {
      const [image] = await load(bytes);
      expect(image).toMatchObject({
        names: [],
        manifest: { layers: [{ mediaType: mediaTypes.ociLayerGzip }, { mediaType: mediaTypes.ociLayer }] },
      });
    }
  });

  test.each(['plain', 'gzip', 'zstd'] as const)(
    'the oldest: repositories only, its layers %s',
    async (kind) => {
      const pack = { plain: (layer: Buffer) => layer, gzip: gzipSync, zstd: zstdCompressSync }[kind];
      const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
      const v1 = {
        architecture: 'amd64',
        os: 'linux',
        created: '2015-01-01T00:00:00Z',
        container_config: { Cmd: ['sh'] },
      };
      const archive = tar(
        [`${a}/json`, JSON.stringify({ ...v1, id: a })],
        [`${a}/layer.tar`, pack(layers[0]!)],
        [`${b}/json`, JSON.stringify({ ...v1, id: b, parent: a, config: { Cmd: ['/a'] } })],
        [`${b}/layer.tar`, pack(layers[1]!)],
        ['repositories', JSON.stringify({ 'my/app': { 1: b, 2: b } })],
      );
      const [image, ...more] = await load(archive);
      expect(more).toEqual([]);
      expect(image).toMatchObject({ names: ['docker.io/my/app:1', 'docker.io/my/app:2'] });
      const written = JSON.parse((await store.read(image!.manifest.config.digest, 10_000)).toString());
      expect(written).toMatchObject({
        config: { Cmd: ['/a'] },
        rootfs: { diff_ids: layers.map((l) => digestOf(l)) },
        history: [{ created_by: 'sh' }, {}],
      });
      expect(written.parent).toBeUndefined();
    },
  );

  const list = (...names: string[]): Member => ['manifest.json', dockerManifest(names)];
  test.each<[string, string, Member[]]>([
    ['a missing layer', "'3/layer.tar' is missing", [...old, list('1/layer.tar', '3/layer.tar')]],
    ['a missing config', `'${configName}' is missing`, [...old.slice(0, 3), list('1/layer.tar')]],
    ['a layer outside', 'leads out of it', [...old, list('../../etc/shadow', '1/layer.tar')]],
    ['a link outside', 'leads out of it', [['1/layer.tar', '../../etc/passwd', 'SymbolicLink']]],
    ['an absolute link', 'leads out of it', [['1/layer.tar', '/etc/passwd', 'SymbolicLink']]],
    ['a hard link outside', 'leads out of it', [['1/layer.tar', '../x', 'Link']]],
    [
      'a circle of links',
      'lead nowhere',
      [
        ['1/layer.tar', '../2/layer.tar', 'SymbolicLink'],
        ['2/layer.tar', '../1/layer.tar', 'SymbolicLink'],
        [configName, config],
        list('1/layer.tar', '2/layer.tar'),
      ],
    ],
    ['a device', 'CharacterDevice', [['x', '', 'CharacterDevice']]],
    [
      'two members of a name',
      'two members',
      [
        ['x.tar', 'a'],
        ['x.tar', 'b'],
      ],
    ],
    ['the wrong layer', 'instead of sha256', [...old, list('2/layer.tar', '1/layer.tar')]],
    [
      'the wrong layer, compressed',
      `has digest ${digestOf(layers[1]!)} instead of ${digestOf(layers[0]!)}`,
      [['x.tar', gzipSync(layers[1]!)], [configName, config], list('x.tar', 'x.tar')],
    ],
    [
      'a layer that is no gzip to its end',
      'damaged',
      [['x.tar', gzipSync(layers[0]!).subarray(0, 30)], [configName, config], list('x.tar', 'x.tar')],
    ],
    ['too few layers', '1 layers but the image config lists 2', [...old, list('1/layer.tar')]],
    ['a manifest.json that is none', 'not a list', [['manifest.json', '{}']]],
    ['a manifest.json too large', 'larger than', [['manifest.json', ' '.repeat(1024 * 1024 + 1)]]],
    ['an image without config', 'no Config', [['manifest.json', '[{}]']]],
    [
      'a bad name',
      'lower case',
      [...old, ['manifest.json', dockerManifest(['1/layer.tar', '2/layer.tar'], ['Bad/Name:1'])]],
    ],
    ['no image', 'lists no image', [['manifest.json', '[]']]],
    ['nothing of an archive', 'neither', [['hello.txt', 'hi']]],
  ])('%s is named, and nothing is kept', async (_, why, members) => {
    await expect(load(tar(...members))).rejects.toThrow(why);
    expect(await storedBlobs()).toBe(0);
    expect(await store.ingests()).toEqual([]);
  });

  test.each<[string, Buffer]>([
    ['text', Buffer.from('hello '.repeat(500))],
    ['nothing', Buffer.alloc(0)],
    ['cut in the middle', tar(...old).subarray(0, 900)],
    ['a damaged gzip', gzipSync(tar(...old)).subarray(0, 200)],
  ])('%s is no archive', async (_, bytes) => {
    expect(await codeOf(load(bytes))).toBe('ARCHIVE_INVALID');
    expect(await storedBlobs()).toBe(0);
  });
});

test('a blob of an oci-archive that is not its name is refused', async () => {
  const blob = `blobs/sha256/${digestOf('right').slice(7)}`;
  await expect(
    load(tar([blob, 'wrong'], ['index.json', '{"schemaVersion":2,"manifests":[]}'])),
  ).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', kind: 'data-loss' });
  expect(await codeOf(load(tar(['blobs/sha256/zz', 'wrong'])))).toBe('ARCHIVE_INVALID');
  expect(await store.ingests()).toEqual([]);
});

test('blobs that were here before survive a bad archive', async () => {
  const { digest } = await putBlob(store, layers[0]!, '');
  await new Promise((resolve) => setTimeout(resolve, 5));
  await expect(
    load(
      tar(
        ['1/layer.tar', layers[0]!],
        [`blobs/sha256/${digest.slice(7)}`, layers[0]!],
        ['manifest.json', '[]'],
      ),
    ),
  ).rejects.toThrow('no image');
  expect(await store.stat(digest)).toBeDefined();
});

describe('what we write', () => {
  const names = ['docker.io/my/app:1'];

  test.each(['docker-archive', 'oci-archive'] as const)(
    '%s comes back the same, and twice the same',
    async (format) => {
      const descriptor = await storedImage();
      await saveImages([{ names, descriptor }], store, at('a.tar'), { format });
      await saveImages([{ names, descriptor }], store, at('b.tar'), { format });
      expect(readFileSync(at('a.tar')).equals(readFileSync(at('b.tar')))).toBe(true);
      for await (const { digest } of store.blobs()) await store.deleteBlob(digest);
      const [image] = await loadImages(createReadStream(at('a.tar')), store);
      expect(image).toMatchObject({ names, descriptor: { digest: descriptor.digest } });
    },
  );

  test('a failed save leaves no file', async () => {
    const descriptor = await storedImage();
    await store.deleteBlob(digestOf(gzipSync(layers[1]!)));
    expect(await codeOf(saveImages([{ names, descriptor }], store, at('a.tar')))).toBe('BLOB_NOT_FOUND');
    expect(readdirSync(directory.path).filter((name) => name.startsWith('a.tar'))).toEqual([]);
  });

  test('a place that cannot be written is named', async () => {
    const images = [{ names, descriptor: await storedImage() }];
    expect(await codeOf(saveImages(images, store, at('no', 'a.tar')))).toBe('ARCHIVE_UNWRITABLE');
    mkdirSync(at('a.tar'));
    expect(await codeOf(saveImages(images, store, at('a.tar')))).toBe('ARCHIVE_UNWRITABLE');
    expect(await codeOf(saveImages(images, store, '/dev/full/../../dev/null/x'))).toBe('ARCHIVE_UNWRITABLE');
  });

  test('Docker gets zstd layers unpacked', async () => {
    const descriptor = await storedImage('zstd');
    await saveImages([{ names, descriptor }], store, at('a.tar'));
    const [image] = await loadImages(at('a.tar'), store);
    expect(image!.manifest.layers.map(({ digest, mediaType }) => [digest, mediaType])).toEqual(
      layers.map((l) => [digestOf(l), mediaTypes.ociLayer]),
    );
  });

  test('a directory is added to, and read through no links', async () => {
    const descriptor = await storedImage();
    await saveDirectory([{ names: ['docker.io/my/app:1'], descriptor }], store, at('dir'));
    await saveDirectory([{ names: ['docker.io/my/app:2'], descriptor }], store, at('dir'));
    await saveDirectory([{ names: ['docker.io/my/app:2'], descriptor }], store, at('dir'));
    const [image, ...more] = await loadImages(at('dir'), store);
    expect([image?.names, more.length]).toEqual([['docker.io/my/app:1', 'docker.io/my/app:2'], 0]);
    const blob = at('dir', 'blobs', 'sha256', descriptor.digest.slice(7));
    spawnSync('mv', [blob, at('elsewhere')]);
    spawnSync('ln', ['-s', at('elsewhere'), blob]);
    await store.deleteBlob(descriptor.digest);
    for await (const { digest } of store.blobs()) await store.deleteBlob(digest);
    await expect(loadImages(at('dir'), store)).rejects.toThrow('is missing');
    expect(await storedBlobs()).toBe(0);
  });
});

describe('other tools', () => {
  const names = ['docker.io/my/app:1'];
  const run = (program: string, ...args: string[]) => {
    const done = spawnSync(program, args, {
      encoding: 'utf8',
      env: { ...process.env, HOME: directory.path },
    });
    if (done.error !== undefined)
      throw new Error(`${program} is not installed (Debian package ${program})`, { cause: done.error });
    return { code: done.status, stdout: done.stdout, stderr: done.stderr };
  };
  const skopeo = (...args: string[]) => {
    mkdirSync(at('tmp'), { recursive: true });
    const done = run('skopeo', '--insecure-policy', '--tmpdir', at('tmp'), ...args);
    expect(done.stderr.replace(/Getting.*|Copying.*|Writing.*|Storing.*/g, '').trim()).toBe('');
    return done.stdout;
  };

  test('skopeo reads all three, and we read what it makes of them', async () => {
    const descriptor = await storedImage();
    await saveImages([{ names, descriptor }], store, at('d.tar'));
    await saveImages([{ names, descriptor }], store, at('o.tar'), { format: 'oci-archive' });
    await saveDirectory([{ names, descriptor }], store, at('dir'));
    for (const source of [
      `docker-archive:${at('d.tar')}`,
      `docker-archive:${at('d.tar')}:my/app:1`,
      `oci-archive:${at('o.tar')}`,
      `oci:${at('dir')}:1`,
    ]) {
      expect(JSON.parse(skopeo('inspect', '--config', source))).toMatchObject({ config: { Cmd: ['/a'] } });
    }
    skopeo('copy', `oci-archive:${at('o.tar')}`, `docker-archive:${at('sd.tar')}:docker.io/their/app:7`);
    skopeo('copy', `docker-archive:${at('d.tar')}`, `oci-archive:${at('so.tar')}:docker.io/their/app:8`);
    skopeo('copy', `docker-archive:${at('d.tar')}`, `oci:${at('sdir')}:9`);
    const [docker, oci, dir] = [
      await loadImages(at('sd.tar'), store),
      await loadImages(at('so.tar'), store),
      await loadImages(at('sdir'), store),
    ];
    expect(docker[0]).toMatchObject({
      names: ['docker.io/their/app:7'],
      manifest: { layers: layers.map((l) => ({ digest: digestOf(l) })) },
    });
    expect(oci[0]).toMatchObject({ names: ['docker.io/their/app:8'] });
    expect(dir[0]).toMatchObject({ names: [], tag: '9' });
  });

  test('umoci unpacks the directory', async () => {
    await saveDirectory([{ names, descriptor: await storedImage() }], store, at('dir'));
    const done = run('umoci', 'unpack', '--image', `${at('dir')}:1`, at('bundle'));
    expect(done.code, done.stderr).toBe(0);
    expect(readFileSync(at('bundle/rootfs/a'), 'utf8') + readFileSync(at('bundle/rootfs/b'), 'utf8')).toBe(
      'onetwo',
    );
  });

  test('Docker loads ours and we load Docker’s', async (context) => {
    const info = spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], { encoding: 'utf8' });
    if (info.status !== 0) {
      return skipped(context, 'no Docker daemon answers here (set DOCKER_HOST to run this)');
    }
    const name = `strata-test/app:${process.pid}`;
    await saveImages([{ names: [`docker.io/${name}`], descriptor: await storedImage() }], store, at('d.tar'));
    try {
      expect(run('docker', 'load', '-i', at('d.tar')).stdout).toContain(name);
      const save = spawn('docker', ['save', name], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [image] = await loadImages(save.stdout, store);
      expect(image).toMatchObject({
        names: [`docker.io/${name}`],
        manifest: { layers: layers.map((l) => ({ digest: digestOf(l) })) },
      });
    } finally {
      run('docker', 'rmi', '-f', name);
    }
  });
});

test('a file that is not there is said to be missing', async () => {
  expect(existsSync(at('none.tar'))).toBe(false);
  expect(await codeOf(loadImages(at('none.tar'), store))).toBe('ARCHIVE_NOT_FOUND');
  writeFileSync(at('empty'), '');
  expect(await codeOf(loadImages(at('empty'), store))).toBe('ARCHIVE_INVALID');
});
