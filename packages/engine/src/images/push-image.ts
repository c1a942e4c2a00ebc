import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { Descriptor, Digest } from '@strata/core';
import type { Reference, RegistryClient } from '@strata/oci';
import type { Operation } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import { findImage, repositoryOf } from './find-image.ts';
import type { ImageRecord } from './image-record.ts';
import { openRegistry } from './open-registry.ts';
import { LayerReport } from './pull-progress.ts';

const MAX_MANIFEST = 4 << 20;

/** Layers in parallel, then config, then manifest: a registry never shows half an image. */
export async function pushImage(
  services: InternalServices,
  reference: string,
  operation: Operation = {},
): Promise<{ readonly digest: Digest }> {
  const { inParallel, isForeignLayer, parallelTransfers, parseReference, withDefaultTag } = await import(
    '@strata/oci'
  );
  const { record, name } = await findImage(services, reference);
  const target = withDefaultTag(parseReference(name ?? reference));
  await using registry = await openRegistry(services, (text) =>
    operation.onProgress?.({ kind: 'message', text }),
  );
  const push = {
    services,
    client: registry.client,
    target,
    operation,
    mountFrom: otherRepository(services, record, target),
  };
  const report = new LayerReport(record.layers, operation.onProgress);
  const layers = record.layers.map((_, index) => index);
  for (const index of layers) report.waiting(index);
  await inParallel(layers, parallelTransfers, async (index) => {
    const { blob } = record.layers[index]!;
    if (isForeignLayer(blob.mediaType)) return report.exists(index);
    const pushed = await pushBlob(push, blob, (current) => report.pushing(index, current));
    if (pushed === 'pushed') report.complete(index);
    else report.exists(index);
  });
  await pushBlob(push, record.config);
  const bytes = await services.imageStore.read(record.manifest.digest, MAX_MANIFEST);
  const { mediaType } = record.manifest;
  const digest = await registry.client.pushManifest(target, { bytes, mediaType }, signalOf(operation));
  services.events.emit({
    type: 'image',
    action: 'push',
    id: name ?? reference,
    attributes: { name: name ?? reference },
  });
  return { digest };
}

interface Push {
  readonly services: InternalServices;
  readonly client: RegistryClient;
  readonly target: Reference;
  readonly operation: Operation;
  readonly mountFrom: string | undefined;
}

async function pushBlob(
  { services, client, target, operation, mountFrom }: Push,
  descriptor: Descriptor,
  onProgress?: (current: number) => void,
) {
  const path = await services.imageStore.path(descriptor.digest);
  return await client.pushBlob(
    target,
    {
      descriptor,
      open: (start, end) =>
        end > start ? createReadStream(path, { start, end: end - 1 }) : Readable.from([]),
    },
    {
      ...signalOf(operation),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(mountFrom === undefined ? {} : { mountFrom }),
    },
  );
}

/** Another repository of the same registry that probably has the blobs, to mount them from. */
function otherRepository(
  { catalog }: InternalServices,
  record: ImageRecord,
  target: Reference,
): string | undefined {
  const prefix = `${target.domain}/`;
  return catalog
    .names(record.manifest.digest)
    .map(({ name }) => repositoryOf(name))
    .filter((repository) => repository.startsWith(prefix))
    .map((repository) => repository.slice(prefix.length))
    .find((path) => path !== target.path);
}

function signalOf({ signal }: Operation): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
