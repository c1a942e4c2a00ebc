import { readFile } from 'node:fs/promises';
import { arch, cpus, release, totalmem } from 'node:os';
import type { SystemInfo } from '../api/system.ts';
import { recordedDefault } from '../drivers/select-driver.ts';
import type { InternalServices } from '../internal-services.ts';
import { driverStatuses } from '../storage/driver-status.ts';
import { version } from '../version.ts';

export async function systemInfo(services: InternalServices): Promise<SystemInfo> {
  const { paths, catalog, host } = services;
  const [drivers, filesystem, operatingSystem] = await Promise.all([
    driverStatuses(services),
    host.files.filesystem(paths.root),
    operatingSystemName(),
  ]);
  const chosen = (kind: string) =>
    drivers.find((driver) => driver.kind === kind && driver.isDefault)?.id ?? 'none';
  return {
    root: paths.root,
    run: paths.run,
    version,
    containers: containerCounts(services),
    images: catalog.count(),
    drivers,
    storage: recordedDefault(services.selection),
    runtime: chosen('runtime'),
    cgroup: chosen('cgroup'),
    kernel: release(),
    operatingSystem,
    architecture: arch() === 'x64' ? 'x86_64' : arch() === 'arm64' ? 'aarch64' : arch(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    filesystem: filesystem.type,
    warnings: drivers.flatMap((driver) =>
      driver.isDefault && !driver.probe.supported
        ? [`The default ${driver.kind} driver ${driver.id} does not work here: ${driver.probe.reason}`]
        : [],
    ),
  };
}

function containerCounts({ database }: InternalServices): SystemInfo['containers'] {
  const rows = database.all<{ status: string; n: number }>(
    'SELECT status, count(*) AS n FROM containers GROUP BY status',
  );
  const of = (status: string) => rows.find((row) => row.status === status)?.n ?? 0;
  const total = rows.reduce((sum, row) => sum + row.n, 0);
  const running = of('running');
  const paused = of('paused');
  return { total, running, paused, stopped: total - running - paused };
}

/** os-release(5) PRETTY_NAME. */
async function operatingSystemName(): Promise<string> {
  for (const file of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1];
    if (name) return name;
  }
  return 'Linux';
}
