import type { DriverStatus, SystemInfo } from '@strata/engine';
import { binarySize } from '../format/units.ts';

function driverValue({ kind, id, summary, isDefault, probe, layers, pool }: DriverStatus) {
  return {
    Kind: kind,
    ID: id,
    Summary: summary,
    Default: isDefault,
    Probe: {
      Supported: probe.supported,
      Detail: probe.supported ? (probe.detail ?? '') : '',
      Reason: probe.supported ? '' : probe.reason,
      Hint: probe.supported ? '' : probe.hint,
    },
    Layers: layers ?? null,
    Pool: pool ?? null,
  };
}

/** Docker's field names where docker has the thing. */
export function infoValue(info: SystemInfo): Record<string, unknown> {
  return {
    Containers: info.containers.total,
    ContainersRunning: info.containers.running,
    ContainersPaused: info.containers.paused,
    ContainersStopped: info.containers.stopped,
    Images: info.images,
    Driver: info.storage ?? '',
    Drivers: info.drivers.map(driverValue),
    CgroupDriver: info.cgroup,
    DefaultRuntime: info.runtime,
    KernelVersion: info.kernel,
    OperatingSystem: info.operatingSystem,
    OSType: 'linux',
    Architecture: info.architecture,
    NCPU: info.cpus,
    MemTotal: info.memoryBytes,
    StrataRootDir: info.root,
    StrataRunDir: info.run,
    Filesystem: info.filesystem,
    ServerVersion: info.version,
    Warnings: info.warnings,
  };
}

function driverLines(driver: DriverStatus): string[] {
  const { probe, layers, pool } = driver;
  const facts = [
    probe.supported ? 'supported' : 'unsupported',
    ...(driver.isDefault ? ['default'] : []),
    ...(probe.supported && probe.detail !== undefined ? [probe.detail] : []),
    ...(layers === undefined ? [] : [`${layers.count} layers, ${layers.containers} containers`]),
    ...(pool === undefined
      ? []
      : [`pool of ${binarySize(pool.sizeBytes)}${pool.mounted ? '' : ', not mounted'}`]),
  ];
  const why = probe.supported ? [] : [`   Reason: ${probe.reason}`, `   Hint: ${probe.hint}`];
  return [`  ${driver.id}: ${facts.join(', ')}`, ...why];
}

const TITLES = {
  layer: 'Storage',
  image: 'Image stores',
  network: 'Networks',
  cgroup: 'Cgroups',
  runtime: 'Runtimes',
};

function driverText(drivers: readonly DriverStatus[]): string[] {
  return Object.entries(TITLES).flatMap(([kind, title]) => {
    const own = drivers.filter((driver) => driver.kind === kind);
    return own.length === 0 ? [] : [` ${title}:`, ...own.flatMap(driverLines)];
  });
}

/** `strata info` for people, in the shape of docker's. */
export function infoText(info: SystemInfo): string[] {
  const { containers } = info;
  return [
    `Containers: ${containers.total}`,
    ` Running: ${containers.running}`,
    ` Paused: ${containers.paused}`,
    ` Stopped: ${containers.stopped}`,
    `Images: ${info.images}`,
    `Strata Version: ${info.version}`,
    `Storage Driver: ${info.storage ?? 'none chosen yet'}`,
    'Drivers:',
    ...driverText(info.drivers),
    `Default Runtime: ${info.runtime}`,
    `Cgroup Driver: ${info.cgroup}`,
    `Kernel Version: ${info.kernel}`,
    `Operating System: ${info.operatingSystem}`,
    `Architecture: ${info.architecture}`,
    `CPUs: ${info.cpus}`,
    `Total Memory: ${binarySize(info.memoryBytes)}`,
    `Strata Root Dir: ${info.root} (${info.filesystem})`,
    `Strata Run Dir: ${info.run}`,
    ...info.warnings.map((warning) => `WARNING: ${warning}`),
  ];
}
