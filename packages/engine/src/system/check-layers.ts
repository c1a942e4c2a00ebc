import { existsSync } from 'node:fs';
import type { InternalServices } from '../internal-services.ts';
import { type LayerRow, layerId } from '../layers/layer-rows.ts';
import type { LayerStore } from '../services.ts';
import { isLeaseAlive } from '../state/lease.ts';
import type { Findings } from './findings.ts';

/** Rows against what each driver has on disk, both ways. */
export async function checkLayers(services: InternalServices, findings: Findings): Promise<void> {
  const known = services.drivers.ids('layer');
  for (const driver of new Set([...services.layers.inUse(), ...driversOnDisk(services)])) {
    if (!known.includes(driver)) {
      await findings.add({
        code: 'DRIVER_UNKNOWN',
        message: `Layers of driver ${driver} are in the store but no such driver is installed`,
        subject: driver,
      });
      continue;
    }
    const probe = await services.drivers.probe('layer', driver);
    if (probe.supported) await checkDriver(services, await services.layers.open(driver), findings);
    else if (services.layers.inUse().includes(driver))
      await findings.add({
        code: 'DRIVER_UNSUPPORTED',
        message: `Driver ${driver} holds layers but does not work here: ${probe.reason}`,
        subject: driver,
      });
  }
}

/** A driver may have files without a single row. */
function driversOnDisk({ paths, drivers }: InternalServices): string[] {
  return drivers.ids('layer').filter((id) => existsSync(paths.layers(id)));
}

async function checkDriver(services: InternalServices, store: LayerStore, findings: Findings): Promise<void> {
  // Disk first: a row is written before its directory, so whatever is on disk and ours has a row by now.
  const onDisk = new Set(await store.driver.list());
  const rows = services.database.all<LayerRow>(
    'SELECT * FROM layers WHERE driver = ? ORDER BY seq DESC',
    store.driverId,
  );
  for (const row of rows) {
    if (row.state !== 'ready') await unfinished(services, findings, { store, row });
    else if (!onDisk.has(layerId(row.seq)) && needsDisk(row))
      await missing(services, findings, { store, row });
  }
  const ids = new Set(rows.map((row) => layerId(row.seq)));
  for (const id of onDisk) if (!ids.has(id)) await withoutRow(findings, store, id);
}

interface Found {
  readonly store: LayerStore;
  readonly row: LayerRow;
}

async function unfinished(
  { host }: InternalServices,
  findings: Findings,
  { store, row }: Found,
): Promise<void> {
  if (isLeaseAlive(host.processes, row.lease)) return;
  await findings.add({
    code: 'LAYER_UNFINISHED',
    message: `Layer ${row.key} on ${store.driverId} was left ${row.state} by a process that is gone`,
    subject: row.key,
    repair: 'remove it',
    fix: () => store.reclaim(),
  });
}

async function withoutRow(findings: Findings, store: LayerStore, id: string): Promise<void> {
  await findings.add({
    code: 'LAYER_WITHOUT_ROW',
    message: `Driver ${store.driverId} holds a layer ${id} that the database does not know`,
    subject: `${store.driverId}/${id}`,
    repair: 'remove it',
    fix: async () => {
      await store.driver.remove(id);
      await store.driver.cleanup();
    },
  });
}

/** A view of a parent has no directory of its own. */
function needsDisk(row: LayerRow): boolean {
  return row.kind !== 'view' || row.parent === null;
}

async function missing(
  { database }: InternalServices,
  findings: Findings,
  { store, row }: Found,
): Promise<void> {
  const message = `Layer ${row.key} is gone from driver ${store.driverId}`;
  const child = database.get('SELECT 1 AS one FROM layers WHERE parent = ? LIMIT 1', row.seq);
  if (row.kind !== 'committed' || child !== undefined)
    return findings.add({ code: 'LAYER_MISSING', message, subject: row.key });
  // Its owner knows of it and would not find it: only the owner can forget it.
  if (row.owner !== '')
    return findings.add({
      code: 'LAYER_MISSING',
      message: `${message}; it belongs to ${row.owner}`,
      subject: row.key,
    });
  await findings.add({
    code: 'LAYER_MISSING',
    message,
    subject: row.key,
    repair: 'forget it, so that its image is unpacked again when it is used',
    fix: () => store.remove(row.key),
  });
}
