import type { ImagesApi, RemovedImage } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import type { ImageRecord } from './image-record.ts';
import { hasLabel } from './list-images.ts';
import { containersOf, deleteImage, removeImage } from './remove-image.ts';

/** Interrupted downloads older than this will hardly be resumed. */
const STALE_INGEST = 24 * 3600 * 1000;

/** Dangling images, or with `all` every image no container uses; and stale partial downloads. */
export async function pruneImages(
  services: InternalServices,
  options: NonNullable<Parameters<ImagesApi['prune']>[0]> = {},
): Promise<{ readonly removed: readonly RemovedImage[]; readonly reclaimedBytes: number }> {
  const { catalog, imageStore } = services;
  const removed: RemovedImage[] = [];
  let reclaimedBytes = 0;
  for (const manifest of catalog.manifests()) {
    const record = catalog.get(manifest);
    if (record === undefined || containersOf(services, record.config.digest).length > 0) continue;
    const names = catalog.names(manifest);
    if (names.length > 0 && options.all !== true) continue;
    if (!isWanted(record, options)) continue;
    for (const { name } of names.slice(0, -1)) removed.push(...(await removeImage(services, name)));
    const last = names.at(-1);
    if (last !== undefined) {
      await imageStore.deleteReference(last.name);
      catalog.deleteName(last.name);
      removed.push({ untagged: last.name });
    }
    const deleted = await deleteImage(services, record);
    removed.push(...deleted.removed);
    reclaimedBytes += deleted.bytes;
  }
  reclaimedBytes += await imageStore.pruneIngests(new Date(Date.now() - STALE_INGEST));
  return { removed, reclaimedBytes };
}

/** Without a time of its own an image is as old as time, as for Docker. */
function isWanted(
  { labels: has, created }: ImageRecord,
  { labels = [], until }: { readonly labels?: readonly string[]; readonly until?: Date },
): boolean {
  if (until !== undefined && created !== undefined && created >= until) return false;
  return labels.every((wanted) =>
    wanted.startsWith('!') ? !hasLabel(has, wanted.slice(1)) : hasLabel(has, wanted),
  );
}
