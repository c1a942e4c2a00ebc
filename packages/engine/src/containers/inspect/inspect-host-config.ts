import type { CgroupRef } from '@strata/core';
import { maskedPaths, readonlyPaths } from '../security/system-paths.ts';
import type { ContainerRecord } from '../state/container-record.ts';

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
    .filter(({ type }) => type === 'bind')
    .map(({ source, target, readOnly }) => `${source}:${target}${readOnly === true ? ':ro' : ''}`);
  const tmpfs = config.mounts.filter(({ type }) => type === 'tmpfs');
  return {
    Binds: nullIfEmpty(binds),
    ContainerIDFile: '',
    LogConfig: {
      Type: config.log.driver,
      Config: { 'max-size': String(config.log.maxBytes), 'max-file': String(config.log.maxFiles) },
    },
    NetworkMode: record.network,
    PortBindings: {},
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: record.autoRemove,
    VolumeDriver: '',
    VolumesFrom: null,
    CapAdd: nullIfEmpty(config.capAdd),
    CapDrop: nullIfEmpty(config.capDrop),
    CgroupnsMode: 'host',
    Dns: config.dns,
    DnsOptions: [],
    DnsSearch: config.dnsSearch,
    ExtraHosts: nullIfEmpty(config.extraHosts),
    GroupAdd: nullIfEmpty(config.groupAdd),
    IpcMode: config.ipc,
    Cgroup: '',
    Links: null,
    OomScoreAdj: config.oomScoreAdj ?? 0,
    PidMode: config.pid === 'private' ? '' : config.pid,
    Privileged: config.privileged,
    PublishAllPorts: false,
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
    Ulimits: config.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    MaskedPaths: open ? null : maskedPaths(),
    ReadonlyPaths: open ? null : readonlyPaths,
  };
}
