import { type DriverKind, driverApiVersions, isStrataError, type ProbeResult } from '@strata/core';
import { addedDrivers } from '../added-drivers/added-driver.ts';
import type { DriverStatus } from '../api/storage.ts';
import { recordedDefault } from '../drivers/select-driver.ts';
import type { InternalServices } from '../internal-services.ts';
import { version } from '../version.ts';

/** Every known driver, probed at the same time. */
export async function driverStatuses(
  services: InternalServices,
  kind?: DriverKind,
): Promise<readonly DriverStatus[]> {
  const kinds = kind === undefined ? (Object.keys(driverApiVersions) as DriverKind[]) : [kind];
  const all = kinds.flatMap((one) => services.drivers.ids(one).map((id) => ({ kind: one, id })));
  return Promise.all(all.map((one) => driverStatus(services, one.kind, one.id)));
}

export async function driverStatus(
  services: InternalServices,
  kind: DriverKind,
  id: string,
): Promise<DriverStatus> {
  const { summary } = services.drivers.definition(kind, id);
  const probe = await probeSafely(services, kind, id);
  return {
    kind,
    id,
    summary,
    ...origin(services, kind, id),
    probe,
    isDefault: await isDefault(services, kind, id),
    ...(await created(services, kind, id, probe)),
    ...(kind === 'layer' ? await layerFacts(services, id) : {}),
  };
}

/** Built-in drivers are versioned with Strata. */
function origin(
  { database, drivers }: InternalServices,
  kind: DriverKind,
  id: string,
): Pick<DriverStatus, 'apiVersion' | 'version' | 'package'> {
  const found = drivers.isAdded(kind, id)
    ? addedDrivers(database).find((driver) => driver.kind === kind && driver.id === id)
    : undefined;
  if (found === undefined) return { apiVersion: drivers.definition(kind, id).apiVersion, version };
  const { apiVersion, package: name, spec, integrity, added, updated } = found;
  const from = { name, version: found.version, spec, integrity, added, updated };
  return { apiVersion, version: found.version, package: from };
}

/** What it declares once it is made; one that cannot be made does not work here, whatever its probe says. */
async function created(
  { drivers }: InternalServices,
  kind: DriverKind,
  id: string,
  probe: ProbeResult,
): Promise<Partial<Pick<DriverStatus, 'capabilities' | 'probe'>>> {
  if (!probe.supported) return {};
  try {
    const driver = await drivers.get(kind, id);
    return 'capabilities' in driver ? { capabilities: { ...driver.capabilities } } : {};
  } catch (error) {
    return { probe: refusal(error, `Check the configuration of the ${kind} driver ${id}`) };
  }
}

async function probeSafely(services: InternalServices, kind: DriverKind, id: string): Promise<ProbeResult> {
  try {
    return await services.drivers.probe(kind, id);
  } catch (error) {
    return refusal(error, `Check the configuration of the ${kind} driver ${id}`);
  }
}

function refusal(error: unknown, hint: string): ProbeResult {
  const reason = error instanceof Error ? error.message : String(error);
  return { supported: false, reason, hint: isStrataError(error) ? (error.hint ?? hint) : hint };
}

async function isDefault(services: InternalServices, kind: DriverKind, id: string): Promise<boolean> {
  const { config, drivers } = services;
  if (kind === 'layer') return recordedDefault(services.selection) === id;
  const configured = {
    image: config.image,
    runtime: config.runtime,
    cgroup: config.cgroup,
    network: config.network,
  }[kind];
  return (configured ?? (await drivers.firstSupported(kind))) === id;
}

async function layerFacts(
  services: InternalServices,
  id: string,
): Promise<Pick<DriverStatus, 'layers' | 'pool'>> {
  const count = (sql: string) => services.database.get<{ n: number }>(sql, id)?.n ?? 0;
  const pool = await services.pools.status(id);
  return {
    layers: {
      count: count(`SELECT count(*) AS n FROM layers WHERE driver = ? AND owner = '' AND state = 'ready'`),
      containers: count('SELECT count(*) AS n FROM containers WHERE storage = ?'),
      others: services.database.all<{ owner: string; count: number }>(
        `SELECT owner, count(*) AS count FROM layers WHERE driver = ? AND owner != '' AND state = 'ready'
         GROUP BY owner ORDER BY owner`,
        id,
      ),
    },
    ...(pool === undefined ? {} : { pool }),
  };
}
