import type { HistoryEntry, ImageSummary } from '@strata/engine';
import type { TableRow, TableView } from '../format/table.ts';
import { ago, goTime, humanSize } from '../format/units.ts';
import { familiarName, splitName } from './familiar-name.ts';

const headers = {
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  Containers: 'CONTAINERS',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
};

export const imageView: TableView = {
  headers,
  columns: '{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}',
  quiet: '{{.ID}}',
};

export const imageDigestView: TableView = {
  ...imageView,
  columns: '{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}',
};

const shorten = (id: string, noTrunc: boolean): string =>
  noTrunc ? id : id.replace(/^[a-z0-9]+:/, '').slice(0, 12);

interface NamedImage extends ImageSummary {
  readonly name: string;
}

interface RowOptions {
  readonly noTrunc: boolean;
  readonly now?: number;
}

const fields: Readonly<Record<string, (image: NamedImage, options: RowOptions) => string>> = {
  Containers: ({ containers }) => String(containers),
  CreatedAt: ({ created }) => (created === undefined ? 'N/A' : goTime(created)),
  CreatedSince: ({ created }, { now }) => ago(created, now),
  Digest: ({ digest }) => digest,
  ID: ({ id }, { noTrunc }) => shorten(id, noTrunc),
  Repository: ({ name }) => splitName(name).repository,
  SharedSize: () => 'N/A',
  Size: ({ size }) => humanSize(size),
  Tag: ({ name }) => splitName(name).tag ?? '<none>',
  UniqueSize: () => 'N/A',
  VirtualSize: ({ size }) => humanSize(size),
};

/** A row per name; a dangling image has one row of `<none>`. `only`: when no other fields are asked for. */
export function imageRows(
  image: ImageSummary,
  options: RowOptions & { readonly only?: readonly string[] | undefined },
): TableRow[] {
  const names = image.names.length > 0 ? image.names.map(familiarName) : ['<none>'];
  return names.map((name) => {
    const named = { ...image, name };
    const row: Record<string, unknown> = {};
    for (const field of options.only ?? Object.keys(fields)) row[field] = fields[field]!(named, options);
    return row;
  });
}

export const historyView: TableView = {
  headers: {
    ID: 'IMAGE',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    CreatedBy: 'CREATED BY',
    Size: 'SIZE',
    Comment: 'COMMENT',
  },
  columns: '{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}',
  quiet: '{{.ID}}',
};

const BY_LIMIT = 45;

export function historyRow(entry: HistoryEntry, options: { noTrunc: boolean; human: boolean }): TableRow {
  const by = entry.createdBy.replaceAll('\t', ' ').replaceAll('\n', ' ');
  const at = entry.created === undefined ? 'N/A' : entry.created.toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    Comment: entry.comment,
    CreatedAt: at,
    CreatedBy:
      options.noTrunc || [...by].length <= BY_LIMIT ? by : `${[...by].slice(0, BY_LIMIT - 1).join('')}…`,
    CreatedSince: options.human ? ago(entry.created) : at,
    ID: entry.id === undefined ? '<missing>' : shorten(entry.id, options.noTrunc),
    Size: options.human ? humanSize(entry.size) : String(entry.size),
  };
}
