import type { Descriptor, Digest, Platform } from '@strata/core';
import type { ExecutionConfig, HistoryEntry, ImageConfig } from '../document/image-config.ts';
import { mediaTypes } from '../document/media-types.ts';
import { parseJsonObject } from '../document/parse-json.ts';

/** How to run the image, as we write it: only what is set, no nulls. */
export type WrittenExecution = {
  -readonly [Key in keyof ExecutionConfig]?: NonNullable<ExecutionConfig[Key]>;
};

/** An image config to be written: OCI image-spec config.md. Unknown fields of the base image live on. */
export interface ConfigDocument {
  readonly created?: string;
  readonly author?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly config: WrittenExecution;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history: readonly HistoryEntry[];
  readonly [field: string]: unknown;
}

/** An image without layers. */
export function newImageConfig(platform: Platform, created: Date): ConfigDocument {
  const { os, architecture, variant } = platform;
  return {
    created: created.toISOString(),
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: {},
    rootfs: { type: 'layers', diff_ids: [] },
    history: [],
  };
}

/** Fields that describe the container an image was once built in, not the image. */
const DROPPED = new Set(['container', 'container_config', 'docker_version', 'id', 'parent']);

/** The config of an image to build upon. */
export function configDocument(image: ImageConfig): ConfigDocument {
  const raw = Object.entries(parseJsonObject(image.raw, { what: 'image config' })).filter(
    ([key]) => !DROPPED.has(key),
  );
  const set = Object.entries(image.config).filter(([, value]) => value !== null && value !== undefined);
  return {
    ...Object.fromEntries(raw),
    architecture: image.architecture,
    os: image.os,
    config: Object.fromEntries(set) as WrittenExecution,
    rootfs: { type: 'layers', diff_ids: image.diffIds },
    history: image.history,
  };
}

export interface LayerRecord {
  /** Digest of the uncompressed layer; without it the step changed only the config. */
  readonly diffId?: Digest;
  readonly created: Date;
  /** What made it, as `strata history` shows it. */
  readonly createdBy?: string;
  readonly author?: string;
  readonly comment?: string;
}

/** Record one more step, with its layer if it made one. */
export function appendLayer(config: ConfigDocument, layer: LayerRecord): ConfigDocument {
  const { diffId, created, createdBy, author, comment } = layer;
  const entry: HistoryEntry = {
    created: created.toISOString(),
    ...(createdBy === undefined ? {} : { created_by: createdBy }),
    ...(author === undefined ? {} : { author }),
    ...(comment === undefined ? {} : { comment }),
    ...(diffId === undefined ? { empty_layer: true } : {}),
  };
  return {
    ...config,
    created: created.toISOString(),
    ...(author === undefined ? {} : { author }),
    rootfs: {
      type: 'layers',
      diff_ids: diffId === undefined ? config.rootfs.diff_ids : [...config.rootfs.diff_ids, diffId],
    },
    history: [...config.history, entry],
  };
}

/** The bytes to store; equal documents give equal bytes. */
export function encodeDocument(document: object): Buffer {
  return Buffer.from(JSON.stringify(sorted(document)));
}

/** An OCI manifest over a config and its layers. */
export function encodeManifest(config: Descriptor, layers: readonly Descriptor[]): Buffer {
  const bare = ({ mediaType, digest, size }: Descriptor) => ({ mediaType, digest, size });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: bare(config),
    layers: layers.map(bare),
  };
  return Buffer.from(JSON.stringify(manifest));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value).sort()) result[key] = sorted((value as Record<string, unknown>)[key]);
  return result;
}
