import type { HistoryEntry, ImageInspect } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import { findImage, repositoryOf } from './find-image.ts';
import type { ImageRecord } from './image-record.ts';
import { readConfig } from './record-image.ts';

/** Docker shows these whether the image has them or not, and templates name them. */
const noConfig = {
  User: '',
  Env: null,
  Entrypoint: null,
  Cmd: null,
  Volumes: null,
  WorkingDir: '',
  OnBuild: null,
  Labels: null,
};

/** moby api/types/image InspectResponse. */
export async function inspectImage(services: InternalServices, reference: string): Promise<ImageInspect> {
  const { record } = await findImage(services, reference);
  const names = services.catalog.names(record.manifest.digest).map(({ name }) => name);
  const config = await readConfig(services, record.config.digest);
  const repositories = [...new Set(names.map(repositoryOf))];
  const comment = config.history.at(-1)?.comment;
  return {
    Id: record.config.digest,
    RepoTags: names.filter((name) => !name.includes('@')),
    RepoDigests: repositories.map((repository) => `${repository}@${record.manifest.digest}`),
    Parent: '',
    Comment: comment ?? '',
    Created: config.created,
    Author: config.author ?? '',
    Config: { ...noConfig, ...config.config },
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: imageBytes(services, record),
    RootFS: { Type: 'layers', Layers: record.layers.map((layer) => layer.diffId) },
    Metadata: {},
    Descriptor: record.manifest,
  };
}

/** Newest first, as `docker history`. */
export async function imageHistory(
  services: InternalServices,
  reference: string,
): Promise<readonly HistoryEntry[]> {
  const { record } = await findImage(services, reference);
  const { history } = await readConfig(services, record.config.digest);
  let layer = 0;
  const entries = history.map((entry) => {
    const emptyLayer = entry.empty_layer ?? false;
    const own = emptyLayer ? undefined : record.layers[layer++];
    const created = entry.created ? new Date(entry.created) : undefined;
    return {
      id: undefined as string | undefined,
      created: created !== undefined && Number.isNaN(created.getTime()) ? undefined : created,
      createdBy: entry.created_by ?? '',
      size: own === undefined ? 0 : (services.catalog.layerBytes(own.diffId) ?? own.blob.size),
      comment: entry.comment ?? '',
      emptyLayer,
    };
  });
  const newest = entries.at(-1);
  if (newest !== undefined) newest.id = record.config.digest;
  return entries.reverse();
}

/** Bytes of all layers unpacked where known, else compressed. */
export function imageBytes({ catalog }: InternalServices, record: ImageRecord): number {
  return record.layers.reduce((sum, layer) => sum + (catalog.layerBytes(layer.diffId) ?? layer.blob.size), 0);
}
