import type { DiskUsage } from '@strata/engine';
import type { TableRow, TableView } from '../format/table.ts';
import { humanSize } from '../format/units.ts';

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
