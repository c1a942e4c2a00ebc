import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { BlobInfo, Digest } from '@strata/core';
import { lockUnpinned } from '../images/pins.ts';
import { removeBlob } from '../images/reclaim-image.ts';
import type { InternalServices } from '../internal-services.ts';
import type { Findings } from './findings.ts';

/** Blobs of a pull at work, or of one that was just interrupted and will find them again. */
const FRESH = 3600 * 1000;
const STALE_INGEST = 24 * 3600 * 1000;

/** Blobs against images, both ways; with `deep` every blob against its digest. */
export async function checkBlobs(
  services: InternalServices,
  findings: Findings,
  options: { readonly deep: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const needed = neededBlobs(services);
  const here = new Set<Digest>();
  for await (const blob of services.imageStore.blobs()) {
    options.signal.throwIfAborted();
    here.add(blob.digest);
    if (!needed.has(blob.digest)) await unneeded(services, findings, blob);
    // Listed, but not as it was written: the file is gone or has another size.
    else if ((await services.imageStore.stat(blob.digest)) === undefined)
      await damaged(services, findings, blob.digest);
    else if (options.deep) await verify(services, findings, blob);
  }
  for (const [digest, image] of needed) {
    if (here.has(digest)) continue;
    await findings.add({
      code: 'BLOB_MISSING',
      message: `Blob ${digest} of image ${image} is missing; pull the image again`,
      subject: digest,
    });
  }
  await staleIngests(services, findings);
}

/** Digest → an image that needs it. */
function neededBlobs({ database }: InternalServices): Map<Digest, string> {
  const rows = database.all<{ digest: Digest; image: string }>(
    `SELECT digest, manifest AS image FROM image_layers
     UNION SELECT manifest, manifest FROM images UNION SELECT config, manifest FROM images`,
  );
  return new Map(rows.map((row) => [row.digest, row.image]));
}

async function unneeded(services: InternalServices, findings: Findings, blob: BlobInfo): Promise<void> {
  const { digest, created } = blob;
  if (Date.now() - created.getTime() < FRESH) return;
  const unpinned = await lockUnpinned(services, digest);
  if (unpinned === undefined) return;
  await unpinned.release();
  await findings.add({
    code: 'BLOB_UNUSED',
    message: `Blob ${digest} belongs to no image`,
    subject: digest,
    repair: 'delete it',
    fix: () => removeBlob(services, digest),
  });
}

async function verify(services: InternalServices, findings: Findings, blob: BlobInfo): Promise<void> {
  const { digest } = blob;
  const algorithm = digest.startsWith('sha512:') ? 'sha512' : 'sha256';
  const hash = createHash(algorithm);
  const path = await services.imageStore.path(digest);
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  if (`${algorithm}:${hash.digest('hex')}` !== digest) await damaged(services, findings, digest);
}

async function damaged(services: InternalServices, findings: Findings, digest: Digest): Promise<void> {
  await findings.add({
    code: 'BLOB_CORRUPT',
    message: `Blob ${digest} has other bytes than its digest says`,
    subject: digest,
    repair: 'delete it, so that the next pull fetches it again',
    fix: () => services.imageStore.deleteBlob(digest),
  });
}

async function staleIngests(services: InternalServices, findings: Findings): Promise<void> {
  const before = new Date(Date.now() - STALE_INGEST);
  for (const ingest of await services.imageStore.ingests()) {
    if (ingest.active || ingest.updated > before) continue;
    await findings.add({
      code: 'INGEST_STALE',
      message: `A download of ${ingest.digest ?? 'an unnamed blob'} was interrupted more than a day ago`,
      subject: ingest.digest ?? 'unnamed',
      repair: 'drop what was fetched',
      fix: () => services.imageStore.pruneIngests(before),
    });
  }
}
