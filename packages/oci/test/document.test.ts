import { digestOf, mediaTypes, parseImageConfig, parseJson, parseManifest } from '@strata/oci';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf } from './support.ts';

const digest = digestOf('x');
const config = { mediaType: mediaTypes.ociConfig, digest, size: 1 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest, size: 2 };
const manifest = { schemaVersion: 2, config, layers: [layer] };
const index = { schemaVersion: 2, manifests: [{ mediaType: mediaTypes.ociManifest, digest, size: 3 }] };
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('manifests', () => {
  test('both families are read', async () => {
    expect(await parseManifest(bytes(manifest), `${mediaTypes.ociManifest}; charset=utf-8`)).toMatchObject({
      kind: 'manifest',
      layers: [layer],
    });
    expect(await parseManifest(bytes(manifest), mediaTypes.dockerManifest)).toMatchObject({
      mediaType: mediaTypes.dockerManifest,
    });
    expect(await parseManifest(bytes(index), mediaTypes.dockerIndex)).toMatchObject({
      kind: 'index',
      mediaType: mediaTypes.dockerIndex,
    });
    expect(await parseManifest(bytes(index))).toMatchObject({
      kind: 'index',
      mediaType: mediaTypes.ociIndex,
    });
    expect(await parseManifest(bytes({ ...manifest, unheardOf: { a: 1 } }))).toMatchObject({
      kind: 'manifest',
    });
  });

  test.each<[string, unknown, string | undefined]>([
    ['MANIFEST_AMBIGUOUS', { ...manifest, manifests: index.manifests }, undefined],
    ['MANIFEST_AMBIGUOUS', { schemaVersion: 2, manifests: [], config }, undefined],
    ['MANIFEST_AMBIGUOUS', { ...manifest, fsLayers: [] }, undefined],
    ['MANIFEST_AMBIGUOUS', { ...manifest, mediaType: mediaTypes.ociManifest }, mediaTypes.dockerManifest],
    ['MANIFEST_AMBIGUOUS', manifest, mediaTypes.ociIndex],
    ['MANIFEST_AMBIGUOUS', index, mediaTypes.ociManifest],
    ['MANIFEST_AMBIGUOUS', { ...index, mediaType: mediaTypes.ociManifest }, undefined],
    ['MANIFEST_SCHEMA1', { schemaVersion: 1, fsLayers: [], history: [] }, undefined],
    ['MANIFEST_SCHEMA1', { schemaVersion: 2 }, mediaTypes.dockerManifestV1Signed],
    ['DOCUMENT_INVALID', { ...manifest, mediaType: 'text/plain' }, undefined],
    ['DOCUMENT_INVALID', { ...manifest, layers: null }, undefined],
    ['DOCUMENT_INVALID', { ...manifest, layers: {} }, undefined],
    ['DOCUMENT_INVALID', { ...manifest, schemaVersion: 3 }, undefined],
    ['DOCUMENT_INVALID', { ...manifest, config: { ...config, size: -1 } }, undefined],
    [
      'DOCUMENT_INVALID',
      '{"schemaVersion":2,"layers":[],"config":{"digest":"'.concat(digest, '","size":9007199254740993}}'),
      undefined,
    ],
    ['DOCUMENT_INVALID', { ...manifest, config: { ...config, size: 1.5 } }, undefined],
    ['DOCUMENT_INVALID', { ...manifest, config: { ...config, digest: 'sha256:../../x' } }, undefined],
    ['DOCUMENT_INVALID', { ...manifest, config: { ...config, digest: digest.toUpperCase() } }, undefined],
    ['DOCUMENT_INVALID', { ...manifest, layers: Array(2000).fill(layer) }, undefined],
    ['DOCUMENT_INVALID', '[]', undefined],
    ['DOCUMENT_INVALID', 'null', undefined],
    ['DOCUMENT_INVALID', '', undefined],
    ['DOCUMENT_INVALID', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, undefined],
    ['DOCUMENT_TOO_LARGE', ' '.repeat(4 * 1024 * 1024 + 1), undefined],
  ])('%s for %j as %s', async (code, document, contentType) => {
    expect(await codeOf(parseManifest(bytes(document), contentType))).toBe(code);
  });

  test('no JSON makes it fail with anything but its own errors', async () => {
    const value = fc.jsonValue();
    await fc.assert(
      fc.asyncProperty(value, value, async (a, b) => {
        const code = await codeOf(parseManifest(bytes({ ...manifest, layers: a, config: b })));
        expect(['no error', 'DOCUMENT_INVALID', 'MANIFEST_AMBIGUOUS']).toContain(code);
      }),
    );
  });
});

describe('image configs', () => {
  const rootfs = { type: 'layers', diff_ids: [digest] };
  const read = (value: object) =>
    parseImageConfig(bytes({ os: 'linux', architecture: 'amd64', rootfs, ...value }));

  test('null means absent, and the bytes are kept', async () => {
    const parsed = await read({
      config: { Env: null, Labels: null, Cmd: ['sh'] },
      history: null,
      'moby.buildkit.x': 1,
    });
    expect(parsed.config.Cmd).toEqual(['sh']);
    expect(parsed.diffIds).toEqual([digest]);
    expect(parsed.history).toEqual([]);
    expect(Buffer.from(parsed.raw).toString()).toContain('moby.buildkit.x');
    expect((await read({ rootfs: { type: 'layers' } })).diffIds).toEqual([]);
  });

  test.each<[string, object]>([
    ['Env', { config: { Env: 'PATH=/bin' } }],
    ['Env', { config: { Env: ['A=\0'] } }],
    ['Labels', { config: { Labels: { a: 1 } } }],
    ['Labels', { config: { Labels: ['a'] } }],
    ['User', { config: { User: 0 } }],
    ['Entrypoint', { config: { Entrypoint: '/bin/sh' } }],
    ['Volumes', { config: { Volumes: ['/a'] } }],
    ['ExposedPorts', { config: { ExposedPorts: ['80/tcp'] } }],
    ['Healthcheck', { config: { Healthcheck: { Interval: -1 } } }],
    ['Healthcheck', { config: { Healthcheck: { Interval: 2 ** 63 } } }],
    ['rootfs', { rootfs: null }],
    ['rootfs', { rootfs: { type: 'layers', diff_ids: ['sha256:0'] } }],
  ])('a bad %s is refused and named', async (field, value) => {
    await expect(read(value)).rejects.toMatchObject({
      code: 'DOCUMENT_INVALID',
      message: expect.stringContaining(field),
    });
  });

  test('labels cannot touch a prototype', async () => {
    const parsed = await parseImageConfig(
      Buffer.from(`{"rootfs":{"diff_ids":[]},"config":{"Labels":{"__proto__":"x","constructor":"y"}}}`),
    );
    expect(Object.keys(parsed.config.Labels ?? {})).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(parsed.config.Labels)).toBeNull();
  });
});

test('JSON must be UTF-8 without a byte order mark', () => {
  expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]), { what: 'x' })).toThrow('not JSON');
  expect(() => parseJson(Buffer.from('\ufeff{}'), { what: 'x' })).toThrow('not JSON');
});
