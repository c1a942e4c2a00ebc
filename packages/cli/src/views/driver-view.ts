import type { DriverStatus } from '@strata/engine';
import type { TableRow, TableView } from '../format/table.ts';
import { humanSize } from '../format/units.ts';

const headers = {
  Kind: 'KIND',
  ID: 'DRIVER',
  Version: 'VERSION',
  Package: 'PACKAGE',
  ApiVersion: 'API',
  Capabilities: 'CAPABILITIES',
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
  columns: '{{.Kind}}\t{{.ID}}\t{{.Version}}\t{{.ApiVersion}}\t{{.Default}}\t{{.Capabilities}}\t{{.Detail}}',
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

/** What it declares to be true; figures by name. */
function capabilityText({ capabilities }: DriverStatus): string {
  return Object.entries(capabilities ?? {})
    .flatMap(([name, value]) => (value === true ? [name] : []))
    .join(',');
}

/** All there is to say, for `driver inspect`. */
export function driverValue(driver: DriverStatus): Record<string, unknown> {
  const { probe, package: origin } = driver;
  return {
    Kind: driver.kind,
    ID: driver.id,
    Summary: driver.summary,
    Version: driver.version,
    ApiVersion: driver.apiVersion,
    BuiltIn: origin === undefined,
    Package:
      origin === undefined
        ? null
        : {
            Name: origin.name,
            Version: origin.version,
            Spec: origin.spec,
            Integrity: origin.integrity,
            Added: origin.added.toISOString(),
            Updated: origin.updated.toISOString(),
          },
    Default: driver.isDefault,
    Supported: probe.supported,
    Detail: probe.supported ? (probe.detail ?? '') : '',
    Reason: probe.supported ? '' : probe.reason,
    Hint: probe.supported ? '' : probe.hint,
    Capabilities: driver.capabilities ?? null,
    Layers: driver.layers ?? null,
    Pool: driver.pool ?? null,
  };
}

export function driverRow(driver: DriverStatus): TableRow {
  const { probe } = driver;
  return {
    ApiVersion: String(driver.apiVersion),
    Capabilities: capabilityText(driver),
    Containers: driver.layers === undefined ? '' : String(driver.layers.containers),
    Default: driver.isDefault ? '*' : '',
    Detail: detailText(driver),
    Hint: probe.supported ? '' : probe.hint,
    ID: driver.id,
    Kind: driver.kind,
    Layers: driver.layers === undefined ? '' : String(driver.layers.count),
    Package: driver.package?.name ?? '',
    Pool: poolText(driver),
    Summary: driver.summary,
    Supported: String(probe.supported),
    Version: driver.version,
  };
}
