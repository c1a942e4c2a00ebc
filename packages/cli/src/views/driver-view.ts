import type { DriverStatus } from '@strata/engine';
import type { TableRow, TableView } from '../format/table.ts';
import { humanSize } from '../format/units.ts';

const headers = {
  Kind: 'KIND',
  ID: 'DRIVER',
  Default: 'DEFAULT',
  Supported: 'SUPPORTED',
  Layers: 'LAYERS',
  Containers: 'CONTAINERS',
  Pool: 'POOL',
  Detail: 'DETAIL',
  Hint: 'HINT',
  Summary: 'SUMMARY',
};

export const driverView: TableView = {
  headers,
  columns: '{{.Kind}}\t{{.ID}}\t{{.Default}}\t{{.Supported}}\t{{.Summary}}',
  quiet: '{{.ID}}',
};

export const storageView: TableView = {
  headers,
  columns: '{{.ID}}\t{{.Default}}\t{{.Supported}}\t{{.Layers}}\t{{.Containers}}\t{{.Detail}}',
  quiet: '{{.ID}}',
};

function poolText({ pool }: DriverStatus): string {
  if (pool === undefined) return '';
  return `pool of ${humanSize(pool.sizeBytes)}${pool.mounted ? '' : ', not mounted'}`;
}

/** Why it does not work, what would help, or what it found. */
function detailText(driver: DriverStatus): string {
  const { probe } = driver;
  const detail = probe.supported ? (probe.detail ?? '') : `${probe.reason} (${probe.hint})`;
  return [detail, poolText(driver)].filter((part) => part !== '').join('; ');
}

export function driverRow(driver: DriverStatus): TableRow {
  const { probe } = driver;
  return {
    Containers: driver.layers === undefined ? '' : String(driver.layers.containers),
    Default: driver.isDefault ? '*' : '',
    Detail: detailText(driver),
    Hint: probe.supported ? '' : probe.hint,
    ID: driver.id,
    Kind: driver.kind,
    Layers: driver.layers === undefined ? '' : String(driver.layers.count),
    Pool: poolText(driver),
    Summary: driver.summary,
    Supported: String(probe.supported),
  };
}
