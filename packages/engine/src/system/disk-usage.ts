import type { DiskUsage } from '../api/system.ts';
import type { InternalServices } from '../internal-services.ts';
import { bytesOf } from '../volumes/remove-volume.ts';
import { allVolumes, usersOf } from '../volumes/volume-store.ts';

interface Total extends Record<string, number | null> {
  n: number;
  bytes: number | null;
}

/** From the database, except what containers wrote: that is measured. */
export async function diskUsage(services: InternalServices): Promise<DiskUsage> {
  const layers = services.database.all<{ driver: string; count: number; bytes: number | null }>(
    `SELECT driver, count(*) AS count, sum(bytes) AS bytes FROM layers
     WHERE kind = 'committed' AND state = 'ready' GROUP BY driver ORDER BY driver`,
  );
  return {
    images: imageUsage(services),
    containers: await containerUsage(services),
    volumes: await volumeUsage(services),
    layers: layers.map(({ driver, count, bytes }) => ({ driver, count, bytes: bytes ?? 0 })),
  };
}

/** Blobs count once however many images share them; reclaimable is what only unused images need. */
function imageUsage({ database }: InternalServices): DiskUsage['images'] {
  const blobs = (where: string): number =>
    database.get<Total>(
      `SELECT count(*) AS n, sum(size) AS bytes FROM (
         SELECT DISTINCT l.digest, l.size FROM image_layers l JOIN images i ON i.manifest = l.manifest WHERE ${where})`,
    )?.bytes ?? 0;
  const used = 'i.config IN (SELECT image_id FROM containers)';
  const count = (where: string): number =>
    database.get<Total>(`SELECT count(*) AS n, 0 AS bytes FROM images i WHERE ${where}`)?.n ?? 0;
  const bytes = blobs('1');
  return { count: count('1'), active: count(used), bytes, reclaimableBytes: bytes - blobs(used) };
}

async function containerUsage(services: InternalServices): Promise<DiskUsage['containers']> {
  const containers = services.database.all<{ id: string; storage: string; status: string }>(
    'SELECT id, storage, status FROM containers',
  );
  let bytes = 0;
  let reclaimableBytes = 0;
  let active = 0;
  for (const { id, storage, status } of containers) {
    const own = await ownBytes(services, storage, id);
    const running = status === 'running' || status === 'paused';
    bytes += own;
    if (running) active += 1;
    else reclaimableBytes += own;
  }
  return { count: containers.length, active, bytes, reclaimableBytes };
}

async function ownBytes(services: InternalServices, storage: string, id: string): Promise<number> {
  try {
    return (await (await services.layers.open(storage)).usage(id, services.signal)).bytes;
  } catch {
    // Being created or removed, or its driver does not work today.
    return 0;
  }
}

/** Measured, as what containers wrote. */
async function volumeUsage(services: InternalServices): Promise<DiskUsage['volumes']> {
  const volumes = allVolumes(services.database);
  let bytes = 0;
  let reclaimableBytes = 0;
  let active = 0;
  for (const { name } of volumes) {
    const own = await bytesOf(services, name);
    bytes += own;
    if (usersOf(services.database, name).length > 0) active += 1;
    else reclaimableBytes += own;
  }
  return { count: volumes.length, active, bytes, reclaimableBytes };
}
