/** An image of five layers made here: 4,000 files, 64 MiB, the same files on every machine. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { seeded } from '../stats/random.ts';
import { type TarFile, tarEnd, tarEntry } from './tar.ts';

/** Files per layer: a base, then what package installations add. */
const LAYERS = [2000, 800, 600, 400, 200];
const DIRECTORIES = 40;
const MEAN_BYTES = 16 * 1024;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Half text, half incompressible, as in real images; sizes spread widely around the mean. */
function* layerFiles(layer: number, files: number): Generator<TarFile> {
  const random = seeded(layer + 1);
  const pool = Buffer.alloc(1 << 20);
  for (let at = 0; at < pool.length; at++) pool[at] = at % 8192 < 4096 ? 97 + (at % 23) : random() * 256;
  for (let d = 0; d < DIRECTORIES; d++) yield { path: `usr-${layer}-${d}`, mode: 0o755 };
  for (let at = 0; at < files; at++) {
    const size = Math.min(pool.length / 2, Math.floor(-Math.log(1 - random()) * MEAN_BYTES));
    const from = Math.floor(random() * (pool.length / 2));
    yield {
      path: `usr-${layer}-${at % DIRECTORIES}/file-${at}`,
      mode: at % 10 === 0 ? 0o755 : 0o644,
      content: pool.subarray(from, from + size),
    };
  }
}

export async function writeSyntheticImage(directory: string): Promise<void> {
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const layers: { readonly descriptor: Descriptor; readonly diffId: string }[] = [];
  for (const [layer, files] of LAYERS.entries()) layers.push(await writeLayer(blobs, layer, files));
  const config = await writeJson(blobs, 'application/vnd.oci.image.config.v1+json', {
    created: '2023-11-14T22:13:20Z',
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Cmd: ['/bin/true'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, at) => ({ created: '2023-11-14T22:13:20Z', created_by: `layer ${at}` })),
  });
  const manifest = await writeJson(blobs, 'application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
}

async function writeLayer(blobs: string, layer: number, files: number) {
  const plain = createHash('sha256');
  const packed = createHash('sha256');
  const file = join(blobs, `layer-${layer}`);
  const entries = function* (): Generator<Buffer> {
    for (const entry of layerFiles(layer, files)) yield tarEntry(entry);
    yield tarEnd();
  };
  await pipeline(
    Readable.from(entries()),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        plain.update(chunk);
        yield chunk;
      }
    },
    createGzip({ chunkSize: 1 << 20 }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        packed.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(file),
  );
  const { size } = await stat(file);
  const digest = packed.digest('hex');
  await rename(file, join(blobs, digest));
  return {
    descriptor: {
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: `sha256:${digest}`,
      size,
    },
    diffId: `sha256:${plain.digest('hex')}`,
  };
}

async function writeJson(blobs: string, mediaType: string, value: unknown): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(blobs, digest), bytes);
  return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
}
