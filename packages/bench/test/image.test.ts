import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { exitProgram } from '../src/image/program.ts';
import { writeSyntheticImage } from '../src/image/synthetic.ts';

const directory = mkdtempSync(join(tmpdir(), 'bench-image-'));
afterAll(() => rmSync(directory, { recursive: true }));

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('the test program', () => {
  it('runs and ends with 0', () => {
    const file = join(directory, 'exit');
    writeFileSync(file, exitProgram());
    chmodSync(file, 0o755);
    expect(execFileSync(file).toString()).toBe('');
  });

  it('is refused where there is none', () => {
    expect(() => exitProgram('vax')).toThrowError(expect.objectContaining({ code: 'BENCH_ARCHITECTURE' }));
  });
});

describe('the synthetic image', () => {
  it('is a sound OCI layout of five layers that tar reads', async () => {
    const layout = join(directory, 'layout');
    await writeSyntheticImage(layout);
    const blobs = join(layout, 'blobs/sha256');
    for (const name of readdirSync(blobs)) expect(sha256(readFileSync(join(blobs, name)))).toBe(name);
    const blob = (digest: string): Buffer => readFileSync(join(blobs, digest.slice('sha256:'.length)));
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
    const manifest = JSON.parse(blob(index.manifests[0].digest).toString());
    const config = JSON.parse(blob(manifest.config.digest).toString());
    expect(manifest.layers).toHaveLength(5);
    for (const [at, { digest, size }] of manifest.layers.entries()) {
      const packed = blob(digest);
      expect(packed.length).toBe(size);
      const tar = gunzipSync(packed);
      expect(`sha256:${sha256(tar)}`).toBe(config.rootfs.diff_ids[at]);
      if (at === 4) {
        const listing = execFileSync('tar', ['-tv', '--numeric-owner'], { input: tar }).toString();
        expect(listing.match(/usr-4-\d+\/file-/g)).toHaveLength(200);
      }
    }
    // What makes reports of different machines comparable.
    expect(config.rootfs.diff_ids[0]).toMatchInlineSnapshot(
      `"sha256:8564668a4d49c2d185b93eae016643f0b54ab2a82572125dec9c5c621d58e1b1"`,
    );
  });
});
