import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { busyboxImage } from '@strata/test-fixtures';

interface Descriptor {
  readonly mediaType: string;
  digest: string;
  size: number;
}

/** busybox with `count - 1` layers over it, each the file /deep/<n>, as an archive of a layout. */
export function deepImageArchive(directory: string, count: number, tag: string): string {
  const layout = mkdtempSync(join(directory, 'deep-'));
  cpSync(busyboxImage().layout, layout, { recursive: true });
  const read = (digest: string) => readFileSync(join(layout, 'blobs', digest.replace(':', '/')));
  const put = (data: Buffer): { digest: string; size: number } => {
    const digest = sha256(data);
    writeFileSync(join(layout, 'blobs', digest.replace(':', '/')), data);
    return { digest, size: data.length };
  };
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const manifest = JSON.parse(read(index.manifests[0].digest).toString());
  const config = JSON.parse(read(manifest.config.digest).toString());
  const scratch = join(layout, 'scratch');
  const [base] = manifest.layers as Descriptor[];
  config.history = [];
  for (let n = 1; n < count; n++) {
    mkdirSync(join(scratch, 'deep'), { recursive: true });
    writeFileSync(join(scratch, `deep/${n}`), `${n}\n`);
    const tar = execFileSync('tar', ['-C', scratch, '--owner=0', '--group=0', '-cf', '-', 'deep']);
    config.rootfs.diff_ids.push(sha256(tar));
    manifest.layers.push({ mediaType: base!.mediaType, ...put(gzipSync(tar)) });
    rmSync(scratch, { recursive: true });
  }
  Object.assign(manifest.config, put(Buffer.from(JSON.stringify(config))));
  Object.assign(index.manifests[0], put(Buffer.from(JSON.stringify(manifest))));
  index.manifests[0].annotations = { 'org.opencontainers.image.ref.name': tag };
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index));
  const archive = `${layout}.tar`;
  execFileSync('tar', ['-C', layout, '-cf', archive, '.']);
  return archive;
}

function sha256(data: Buffer): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}
