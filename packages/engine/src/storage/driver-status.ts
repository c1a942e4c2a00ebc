import { type DriverKind, driverApiVersions, type LayerCapabilities, type ProbeResult } from '@strata/core';
import type { DriverStatus } from '../api/storage.ts';
import { recordedDefault } from '../drivers/select-driver.ts';
import type { InternalServices } from '../internal-services.ts';

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
  const status = { kind, id, summary, probe, isDefault: await isDefault(services, kind, id) };
  return kind === 'layer' ? { ...status, ...(await layerFacts(services, id, probe)) } : status;
}

async function probeSafely(services: InternalServices, kind: DriverKind, id: string): Promise<ProbeResult> {
  try {
    return await services.drivers.probe(kind, id);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { supported: false, reason, hint: `Check the configuration of the ${kind} driver ${id}` };
  }
}

async function isDefault(services: InternalServices, kind: DriverKind, id: string): Promise<boolean> {
  const { config, drivers } = services;
  if (kind === 'layer') return recordedDefault(services.selection) === id;
  const configured = {
    image: undefined,
    runtime: config.runtime,
    cgroup: config.cgroup,
    network: config.network,
  }[kind];
  return (configured ?? (await drivers.firstSupported(kind))) === id;
}

async function layerFacts(
  services: InternalServices,
  id: string,
  probe: ProbeResult,
): Promise<Pick<DriverStatus, 'layers' | 'capabilities' | 'pool'>> {
  const count = (sql: string) => services.database.get<{ n: number }>(sql, id)?.n ?? 0;
  const pool = await services.pools.status(id);
  let capabilities: LayerCapabilities | undefined;
  if (probe.supported) capabilities = (await services.drivers.get('layer', id)).capabilities;
  return {
    layers: {
      count: count(`SELECT count(*) AS n FROM layers WHERE driver = ? AND state = 'ready'`),
      containers: count('SELECT count(*) AS n FROM containers WHERE storage = ?'),
    },
    ...(capabilities === undefined ? {} : { capabilities }),
    ...(pool === undefined ? {} : { pool }),
  };
}
