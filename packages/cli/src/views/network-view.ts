import type { NetworkSummary } from '@strata/engine';
import type { TableRow, TableView } from '../format/table.ts';
import { goTime } from '../format/units.ts';

export const networkView: TableView = {
  headers: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
  columns: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
  quiet: '{{.ID}}',
};

/** Docker's fields of `network ls --format`. */
export function networkRow(network: NetworkSummary): TableRow {
  return {
    CreatedAt: network.created === undefined ? '' : goTime(network.created),
    Driver: network.driver,
    ID: network.id,
    IPv6: String(network.ipv6),
    Internal: String(network.internal),
    Label: (name: string) => network.labels[name] ?? '',
    Labels: Object.entries(network.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    Name: network.name,
    Scope: 'local',
  };
}
