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

/** A row per name; a dangling image has one row of `<none>`. */
export function imageRows(image: ImageSummary, options: { noTrunc: boolean; now?: number }): TableRow[] {
  const names = image.names.length > 0 ? image.names.map(familiarName) : ['<none>'];
  return names.map((name) => {
    const { repository, tag } = splitName(name);
    return {
      Containers: String(image.containers),
      CreatedAt: image.created === undefined ? 'N/A' : goTime(image.created),
      CreatedSince: ago(image.created, options.now),
      Digest: image.digest,
      ID: shorten(image.id, options.noTrunc),
      Repository: repository,
      SharedSize: 'N/A',
      Size: humanSize(image.size),
      Tag: tag ?? '<none>',
      UniqueSize: 'N/A',
      VirtualSize: humanSize(image.size),
    };
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
