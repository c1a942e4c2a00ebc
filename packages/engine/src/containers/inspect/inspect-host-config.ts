import type { CgroupRef } from '@strata/core';
import type { PortRequest } from '../../api/networks.ts';
import type { ContainerConfig } from '../container-config.ts';
import { maskedPaths, readonlyPaths } from '../security/system-paths.ts';
import type { ContainerRecord } from '../state/container-record.ts';

function portBindings(ports: readonly PortRequest[]): Record<string, unknown> {
  const bindings: Record<string, unknown[]> = {};
  for (const { hostIp, hostPort, hostPortEnd, containerPort, protocol } of ports) {
    const range = hostPortEnd === undefined ? String(hostPort) : `${hostPort}-${hostPortEnd}`;
    const HostPort = hostPort === 0 ? '' : range;
    const key = `${containerPort}/${protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: hostIp, HostPort }];
  }
  return bindings;
}

/** Docker's `HostConfig`. */
export function inspectHostConfig(
  record: ContainerRecord,
  cgroup: CgroupRef | undefined,
): Record<string, unknown> {
  const { config } = record;
  const { resources } = config;
  const open = config.privileged || config.openSystemPaths;
  const nullIfEmpty = <T>(list: readonly T[]) => (list.length === 0 ? null : list);
  const binds = config.mounts
    .filter(({ type, anonymous }) => type !== 'tmpfs' && anonymous !== true)
    .map(({ source, target, readOnly }) => `${source}:${target}${readOnly === true ? ':ro' : ''}`);
  const tmpfs = config.mounts.filter(({ type }) => type === 'tmpfs');
  return {
    Binds: nullIfEmpty(binds),
    ContainerIDFile: '',
    LogConfig: {
      Type: config.log.driver,
      Config:
        config.log.maxBytes === undefined
          ? {}
          : { 'max-size': String(config.log.maxBytes), 'max-file': String(config.log.maxFiles) },
    },
    NetworkMode: record.network,
    PortBindings: portBindings(config.ports ?? []),
    RestartPolicy: {
      Name: config.restart?.name ?? 'no',
      MaximumRetryCount: config.restart?.maximum ?? 0,
    },
    AutoRemove: record.autoRemove,
    VolumeDriver: '',
    VolumesFrom: null,
    CapAdd: nullIfEmpty(config.capAdd),
    CapDrop: nullIfEmpty(config.capDrop),
    CgroupnsMode: 'host',
    Dns: config.dns,
    DnsOptions: config.dnsOptions ?? [],
    DnsSearch: config.dnsSearch,
    ExtraHosts: nullIfEmpty(config.extraHosts),
    GroupAdd: nullIfEmpty(config.groupAdd),
    IpcMode: config.ipc,
    Cgroup: '',
    Links: null,
    OomScoreAdj: config.oomScoreAdj ?? 0,
    PidMode: config.pid === 'private' ? '' : config.pid,
    Privileged: config.privileged,
    PublishAllPorts: config.publishAll ?? false,
    ReadonlyRootfs: config.readOnly,
    SecurityOpt: nullIfEmpty(config.securityOptions),
    ...(tmpfs.length > 0
      ? { Tmpfs: Object.fromEntries(tmpfs.map((mount) => [mount.target, (mount.options ?? []).join(',')])) }
      : {}),
    UTSMode: config.uts === 'private' ? '' : config.uts,
    UsernsMode: '',
    ShmSize: config.shmSize,
    ...(Object.keys(config.sysctls).length > 0 ? { Sysctls: config.sysctls } : {}),
    Runtime: config.runtime === '' ? 'oci' : config.runtime,
    Init: config.init,
    CpuShares: resources.cpuShares ?? 0,
    Memory: resources.memory ?? 0,
    NanoCpus: resources.nanoCpus ?? 0,
    CgroupParent: config.cgroupParent ?? '',
    CgroupPath: cgroup?.path ?? '',
    BlkioWeight: resources.blockIoWeight ?? 0,
    CpuPeriod: resources.cpuPeriod ?? 0,
    CpuQuota: resources.cpuQuota ?? 0,
    CpusetCpus: resources.cpusetCpus ?? '',
    CpusetMems: resources.cpusetMems ?? '',
    Devices: config.devices.map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    MemoryReservation: resources.memoryReservation ?? 0,
    MemorySwap: resources.memorySwap ?? (resources.memory === undefined ? 0 : resources.memory * 2),
    MemorySwappiness: resources.memorySwappiness ?? null,
    OomKillDisable: resources.oomKillDisable ?? false,
    PidsLimit: resources.pids ?? 2048,
    StorageOpt: storageOptions(config),
    Ulimits: config.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    MaskedPaths: open ? null : maskedPaths(),
    ReadonlyPaths: open ? null : readonlyPaths,
  };
}

function storageOptions({ diskSize, diskBacking }: ContainerConfig): Record<string, string> | null {
  if (diskSize === undefined) return null;
  return { size: String(diskSize), ...(diskBacking === undefined ? {} : { backing: diskBacking }) };
}
