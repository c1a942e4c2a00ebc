import type { VolumeSummary } from '@strata/engine';
import type { TableRow, TableView } from '../format/table.ts';
import { humanSize } from '../format/units.ts';

export const volumeView: TableView = {
  headers: {
    Driver: 'DRIVER',
    Name: 'VOLUME NAME',
    Mountpoint: 'MOUNTPOINT',
    Scope: 'SCOPE',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
  },
  columns: '{{.Driver}}\t{{.Name}}',
  quiet: '{{.Name}}',
};

/** Docker's fields of `volume ls --format`. */
export function volumeRow(volume: VolumeSummary): TableRow {
  return {
    Driver: volume.driver,
    Label: (name: string) => volume.labels[name] ?? '',
    Labels: Object.entries(volume.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    Links: String(volume.containers.length),
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Scope: 'local',
    Size: volume.bytes === undefined ? 'N/A' : humanSize(volume.bytes),
  };
}
