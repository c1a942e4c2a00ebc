/** `strata images`: four queries over the index, one more per image without a name, no blob read. Used by the engine and by the read-only fast path. */
import type { Database, Digest, Platform } from '@strata/core';
import type { ImageFilter, ImageSummary } from '../api/images.ts';
import { isBelow } from './lineage.ts';

interface Row extends Record<string, string | number | null> {
  manifest: Digest;
  config: Digest;
  created: string | null;
  platform: string;
  labels: string;
  layers: number;
  size: number;
}

const IMAGES = `
  SELECT i.manifest, i.config, i.created, i.platform, i.labels,
         coalesce(l.layers, 0) AS layers, coalesce(l.size, 0) AS size
  FROM images i
  LEFT JOIN (SELECT manifest, count(*) AS layers, sum(coalesce(bytes, size)) AS size
             FROM image_layers GROUP BY manifest) l ON l.manifest = i.manifest
  ORDER BY i.created DESC, i.manifest`;

export function listImages(database: Database, filter: ImageFilter = {}): ImageSummary[] {
  const names = namesByManifest(database);
  const containers = new Map(
    database
      .all<{ id: string; n: number }>(
        'SELECT image_id AS id, count(*) AS n FROM containers GROUP BY image_id',
      )
      .map((row) => [row.id, row.n]),
  );
  const wanted = filter.reference === undefined ? undefined : referencePattern(filter.reference);
  return database.all<Row>(IMAGES).flatMap((row) => {
    const all = names.get(row.manifest) ?? [];
    const shown = wanted === undefined ? all : all.filter((name) => wanted(name));
    if (wanted !== undefined && shown.length === 0) return [];
    if (all.length === 0 && filter.all !== true && isBelow(database, row.manifest)) return [];
    if (filter.dangling !== undefined && filter.dangling !== (all.length === 0)) return [];
    const labels = JSON.parse(row.labels) as Record<string, string>;
    if (!(filter.labels ?? []).every((label) => hasLabel(labels, label))) return [];
    return [
      {
        id: row.config,
        digest: row.manifest,
        names: shown,
        created: row.created === null ? undefined : new Date(row.created),
        size: row.size,
        layers: row.layers,
        platform: JSON.parse(row.platform) as Platform,
        labels,
        containers: containers.get(row.config) ?? 0,
      },
    ];
  });
}

function namesByManifest(database: Database): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const row of database.all<{ name: string; manifest: string }>(
    'SELECT name, manifest FROM image_names ORDER BY name',
  )) {
    const list = names.get(row.manifest);
    if (list === undefined) names.set(row.manifest, [row.name]);
    else list.push(row.name);
  }
  return names;
}

/** `name` or `name=value`, as `--filter label=`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const [name = '', ...rest] = wanted.split('=');
  if (!Object.hasOwn(labels, name)) return false;
  return rest.length === 0 || labels[name] === rest.join('=');
}

/** Docker's `--filter reference=`: path.Match over the familiar name, with and without its tag. */
function referencePattern(pattern: string): (name: string) => boolean {
  const expression = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  );
  return (name) =>
    [name, name.replace(/^docker\.io\//, ''), name.replace(/^docker\.io\/library\//, '')].some(
      (shown) => expression.test(shown) || expression.test(shown.replace(/(:[^/:@]+|@.*)$/, '')),
    );
}
