import type { DiskUsage } from '@strata/engine';
import { formatTable, type TableRow, type TableView } from '../format/table.ts';
import { humanSize } from '../format/units.ts';
import { containerView } from './container-view.ts';
import { imageView } from './image-view.ts';
import { volumeView } from './volume-view.ts';

export const diskView: TableView = {
  headers: { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
  columns: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
};

function reclaimable(bytes: number, total: number): string {
  return total > 0 ? `${humanSize(bytes)} (${Math.floor((bytes * 100) / total)}%)` : humanSize(bytes);
}

export function diskRows({ images, containers, volumes, layers }: DiskUsage): TableRow[] {
  const row = (type: string, use: DiskUsage['images']): TableRow => ({
    Active: String(use.active),
    Reclaimable: reclaimable(use.reclaimableBytes, use.bytes),
    Size: humanSize(use.bytes),
    TotalCount: String(use.count),
    Type: type,
  });
  const layerRows = layers.map(({ driver, count, bytes }) => ({
    Active: '',
    Reclaimable: '',
    Size: humanSize(bytes),
    TotalCount: String(count),
    Type: `Layers (${driver})`,
  }));
  return [row('Images', images), row('Containers', containers), row('Local Volumes', volumes), ...layerRows];
}

const tables = {
  images: {
    title: 'Images space usage:',
    view: imageView,
    columns: `${imageView.columns}\t{{.Containers}}`,
  },
  containers: {
    title: 'Containers space usage:',
    view: containerView,
    columns:
      '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}',
  },
  volumes: {
    title: 'Local Volumes space usage:',
    view: volumeView,
    columns: '{{.Name}}\t{{.Links}}\t{{.Size}}',
  },
} as const;

/** The tables of `system df -v`, one below the other. */
export function diskTables(rows: Readonly<Record<keyof typeof tables, readonly TableRow[]>>): string[] {
  return Object.entries(tables).flatMap(([name, { title, view, columns }], at) => [
    ...(at > 0 ? [''] : []),
    title,
    '',
    ...formatTable(
      rows[name as keyof typeof tables],
      { ...view, columns },
      { format: undefined, quiet: false },
    ),
  ]);
}
