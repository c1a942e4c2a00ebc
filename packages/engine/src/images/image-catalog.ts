/** The tables `images`, `image_layers`, `image_names` and `layer_sizes`. */
import type { Database, Descriptor, Digest, Platform } from '@strata/core';
import type { ImageRunConfig } from '../api/images.ts';
import type { ImageLayer, ImageRecord } from './image-record.ts';

interface ImageRow extends Record<string, string | number | null> {
  manifest: Digest;
  media_type: string;
  manifest_size: number;
  config: Digest;
  config_size: number;
  created: string | null;
  platform: string;
  labels: string;
  added: string;
}

interface LayerRow extends Record<string, string | number | null> {
  digest: Digest;
  media_type: string;
  size: number;
  diff_id: Digest;
  chain_id: Digest;
}

export interface ImageName {
  readonly name: string;
  readonly manifest: Digest;
}

export class ImageCatalog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  transaction<T>(body: () => T): T {
    return this.#database.transaction(body);
  }

  /** Idempotent: the same manifest is the same image. */
  add(record: ImageRecord): void {
    this.#database.transaction(() => {
      const { changes } = this.#database.run(
        `INSERT INTO images (manifest, media_type, manifest_size, config, config_size, created, platform, labels, added)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        record.manifest.digest,
        record.manifest.mediaType,
        record.manifest.size,
        record.config.digest,
        record.config.size,
        record.created?.toISOString() ?? null,
        JSON.stringify(record.platform),
        JSON.stringify(record.labels),
        new Date().toISOString(),
      );
      if (changes === 0) return;
      for (const [position, layer] of record.layers.entries())
        this.#addLayer(record.manifest.digest, position, layer);
    });
  }

  #addLayer(manifest: Digest, position: number, layer: ImageLayer): void {
    this.#database.run(
      `INSERT INTO image_layers (manifest, position, digest, media_type, size, diff_id, chain_id, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT bytes FROM layer_sizes WHERE diff_id = ?))`,
      manifest,
      position,
      layer.blob.digest,
      layer.blob.mediaType,
      layer.blob.size,
      layer.diffId,
      layer.chainId,
      layer.diffId,
    );
  }

  get(manifest: Digest): ImageRecord | undefined {
    const row = this.#database.get<ImageRow>('SELECT * FROM images WHERE manifest = ?', manifest);
    return row && this.#record(row);
  }

  /** What the configuration says of containers, once somebody asked. */
  runConfig(manifest: Digest): ImageRunConfig | undefined {
    const row = this.#database.get<{ run_config: string | null }>(
      'SELECT run_config FROM images WHERE manifest = ?',
      manifest,
    );
    return row?.run_config == null ? undefined : (JSON.parse(row.run_config) as ImageRunConfig);
  }

  setRunConfig(manifest: Digest, config: ImageRunConfig): void {
    this.#database.run(
      'UPDATE images SET run_config = ? WHERE manifest = ?',
      JSON.stringify(config),
      manifest,
    );
  }

  /** Every image with this config; several when one was compressed in two ways. Oldest first. */
  byId(id: Digest): ImageRecord[] {
    return this.#database
      .all<ImageRow>('SELECT * FROM images WHERE config = ? ORDER BY added', id)
      .map((row) => this.#record(row));
  }

  /** Image ids that start with `sha256:<hex>`, at most two: enough to tell one from many. */
  idsByPrefix(hex: string): Digest[] {
    return this.#database
      .all<{ config: Digest }>(
        `SELECT DISTINCT config FROM images WHERE config >= ? AND config < ? LIMIT 2`,
        `sha256:${hex}`,
        `sha256:${hex}g`,
      )
      .map((row) => row.config);
  }

  manifests(): Digest[] {
    return this.#database
      .all<{ manifest: Digest }>('SELECT manifest FROM images ORDER BY added')
      .map((row) => row.manifest);
  }

  count(): number {
    return this.#database.get<{ n: number }>('SELECT count(DISTINCT config) AS n FROM images')?.n ?? 0;
  }

  delete(manifest: Digest): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM image_layers WHERE manifest = ?', manifest);
      this.#database.run('DELETE FROM images WHERE manifest = ?', manifest);
    });
  }

  name(name: string): Digest | undefined {
    return this.#database.get<{ manifest: Digest }>('SELECT manifest FROM image_names WHERE name = ?', name)
      ?.manifest;
  }

  setName(name: string, manifest: Digest): void {
    this.#database.run(
      `INSERT INTO image_names (name, manifest, updated) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET manifest = excluded.manifest, updated = excluded.updated`,
      name,
      manifest,
      new Date().toISOString(),
    );
  }

  deleteName(name: string): boolean {
    return this.#database.run('DELETE FROM image_names WHERE name = ?', name).changes > 0;
  }

  names(manifest?: Digest): ImageName[] {
    return manifest === undefined
      ? this.#database.all<{ name: string; manifest: Digest }>(
          'SELECT name, manifest FROM image_names ORDER BY name',
        )
      : this.#database.all<{ name: string; manifest: Digest }>(
          'SELECT name, manifest FROM image_names WHERE manifest = ? ORDER BY name',
          manifest,
        );
  }

  /** Does any image still need this blob or chain? Three index look-ups. */
  uses(digest: Digest): boolean {
    return (
      this.#database.get(
        `SELECT 1 AS one FROM image_layers WHERE digest = ?1
         UNION ALL SELECT 1 FROM image_layers WHERE chain_id = ?1
         UNION ALL SELECT 1 FROM images WHERE manifest = ?1 OR config = ?1 LIMIT 1`,
        digest,
      ) !== undefined
    );
  }

  setLayerBytes(diffId: Digest, bytes: number): void {
    this.#database.transaction(() => {
      const { changes } = this.#database.run(
        'INSERT INTO layer_sizes (diff_id, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING',
        diffId,
        bytes,
      );
      if (changes > 0)
        this.#database.run('UPDATE image_layers SET bytes = ? WHERE diff_id = ?', bytes, diffId);
    });
  }

  /** Bytes of the files of a layer, once it was unpacked somewhere. */
  layerBytes(diffId: Digest): number | undefined {
    return this.#database.get<{ bytes: number }>('SELECT bytes FROM layer_sizes WHERE diff_id = ?', diffId)
      ?.bytes;
  }

  #record(row: ImageRow): ImageRecord {
    const layers = this.#database.all<LayerRow>(
      'SELECT * FROM image_layers WHERE manifest = ? ORDER BY position',
      row.manifest,
    );
    return {
      manifest: descriptor(row.media_type, row.manifest, row.manifest_size),
      config: descriptor('', row.config, row.config_size),
      created: row.created === null ? undefined : new Date(row.created),
      platform: JSON.parse(row.platform) as Platform,
      labels: JSON.parse(row.labels) as Record<string, string>,
      layers: layers.map((layer) => ({
        blob: descriptor(layer.media_type, layer.digest, layer.size),
        diffId: layer.diff_id,
        chainId: layer.chain_id,
      })),
    };
  }
}

function descriptor(mediaType: string, digest: Digest, size: number): Descriptor {
  return { mediaType, digest, size };
}
