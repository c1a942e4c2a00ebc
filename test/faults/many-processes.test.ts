import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createLoopFilesystem,
  invoke,
  type LayoutImage,
  type LoopFilesystem,
  layeredImage,
  layoutBlobs,
  StrataHome,
} from '@strata/test-fixtures';
import { type FaultyRegistry, startFaultyRegistry } from '@strata/test-fixtures/faulty-registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A layout's content under tag `1` of every repository. */
function serve(registry: FaultyRegistry, image: LayoutImage): void {
  const blobs = join(image.layout, 'blobs/sha256');
  registry.addBlobs(blobs);
  const index = JSON.parse(readFileSync(join(image.layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string; mediaType: string }[];
  };
  const [manifest] = index.manifests;
  registry.addManifest('1', readFileSync(join(blobs, manifest!.digest.slice(7))), manifest!.mediaType);
}

describe('many processes over one store', () => {
  let filesystem: LoopFilesystem;
  let home: StrataHome;
  beforeAll(async () => {
    filesystem = await createLoopFilesystem({ type: 'ext4', size: 2 * 1024 ** 3 });
    home = new StrataHome(filesystem.directory);
  });
  afterAll(async () => {
    await home?.[Symbol.asyncDispose]();
    await filesystem?.dispose();
  });

  it('fetch each blob once when ten pull one image', async () => {
    const registry = await startFaultyRegistry();
    const image = layeredImage();
    serve(registry, image);
    const reference = `${registry.address}/layered:1`;
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => home.strata(['pull', reference])));
    expect(outcomes.map(({ code }) => code)).toEqual(Array(10).fill(0));
    const fetched = registry.requests
      .filter(({ method, url }) => method === 'GET' && url.includes('/blobs/'))
      .map(({ url }) => url);
    expect(new Set(fetched).size).toBe(fetched.length);
    expect(fetched.length).toBeLessThanOrEqual(layoutBlobs(image).length);
    expect(await home.ok('run', '--rm', reference, 'cat', '/data/changed')).toBe('changed 2');
    await registry.stop();
  });

  it('never see a locked database in 20 × 100 operations', async () => {
    await home.ok('load', '-i', layeredImage().layout);
    const id = (await home.ok('images', '-q')).split('\n')[0]!;
    const script = join(import.meta.dirname, 'operations.ts');
    const worker = (number: number) =>
      invoke(process.execPath, [
        '--conditions=source',
        script,
        home.root,
        home.run,
        id,
        String(number),
        '20',
      ]);
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, number) => worker(number)));
    expect(outcomes).toEqual(Array(20).fill({ code: 0, stdout: '', stderr: '' }));
    expect(await home.ok('ps', '-aq')).toBe('');
  });
});
