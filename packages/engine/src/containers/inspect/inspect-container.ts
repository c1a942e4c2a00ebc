/** docker inspect: the JSON shapes of moby api/types/container, as far as there is something to say. */
import { join } from 'node:path';
import type { ContainerInspect } from '../../api/containers.ts';
import { networkShapes } from '../../networks/container-ports.ts';
import { sandboxPath } from '../../networks/sandbox.ts';
import type { EngineServices } from '../../services.ts';
import { argumentsOf } from '../container-config.ts';
import { healthOf } from '../health/health-store.ts';
import { shownStatus } from '../health/shown-status.ts';
import { noteOom } from '../keeper/note-oom.ts';
import { reviveKeeper } from '../keeper/start-keeper.ts';
import { sizeOf } from '../list-containers.ts';
import { logPath } from '../logs/log-files.ts';
import { reapAll } from '../reap-container.ts';
import { type ContainerRecord, isActive } from '../state/container-record.ts';
import { findContainer } from '../state/container-store.ts';
import { cgroupOf } from '../state/journal.ts';
import { inspectConfig } from './inspect-config.ts';
import { inspectHostConfig } from './inspect-host-config.ts';
import { inspectMounts } from './inspect-mounts.ts';

/** Go's zero time, which Docker shows for "never". */
const never = '0001-01-01T00:00:00Z';

export async function inspectContainer(
  services: EngineServices,
  reference: string,
  options: { readonly size?: boolean } = {},
): Promise<ContainerInspect> {
  const { id } = findContainer(services.database, reference);
  await reapAll(services);
  await reviveKeeper(services);
  await noteOom(services, [findContainer(services.database, id)]);
  const record = findContainer(services.database, id);
  const directory = services.paths.container(id);
  const [path = '', ...args] = argumentsOf(record.config);
  const size = options.size === true ? await sizeOf(services, record) : undefined;
  return {
    Id: id,
    Created: record.created.toISOString(),
    Path: path,
    Args: args,
    State: stateOf(services, record),
    Image: record.imageId,
    ResolvConfPath: join(directory, 'resolv.conf'),
    HostnamePath: join(directory, 'hostname'),
    HostsPath: join(directory, 'hosts'),
    LogPath: record.config.log.driver === 'none' ? '' : logPath(directory),
    Name: `/${record.name}`,
    RestartCount: record.restarts,
    Driver: record.storage,
    Platform: record.config.platform.split('/')[0],
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: null,
    HostConfig: inspectHostConfig(record, cgroupOf(services.database, id)),
    GraphDriver: { Name: record.storage, Data: await graphData(services, record) },
    ...(size === undefined ? {} : { SizeRw: size.own, SizeRootFs: size.virtual }),
    Mounts: inspectMounts(services, record),
    Config: inspectConfig(record),
    NetworkSettings: networkOf(services, record),
  };
}

function stateOf(services: EngineServices, record: ContainerRecord): Record<string, unknown> {
  const { status } = record;
  const health = healthOf(services.database, record.id);
  const shown = status === 'creating' ? 'created' : status;
  return {
    Status: shown,
    Running: isActive(record),
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: record.oomKilled,
    Dead: status === 'dead',
    Pid: isActive(record) ? (record.process?.process.pid ?? 0) : 0,
    ExitCode: record.exitCode ?? 0,
    Error: record.error ?? '',
    StartedAt: record.started?.toISOString() ?? never,
    FinishedAt: record.finished?.toISOString() ?? never,
    ...(health === undefined
      ? {}
      : {
          Health: {
            Status: shownStatus(health, { active: isActive(record), processes: services.host.processes }),
            FailingStreak: health.streak,
            Log: health.log,
          },
        }),
  };
}

/** What the layer driver mounts: directories for people who look. */
async function graphData(services: EngineServices, record: ContainerRecord): Promise<Record<string, string>> {
  try {
    const layers = await services.layers.open(record.storage);
    // The last covers those it is made of.
    const shown = (await layers.mounts(record.id)).at(-1);
    if (shown === undefined) return {};
    const absolute = (value: string) =>
      shown.base === undefined || value.startsWith('/') ? value : join(shown.base, value);
    const directory = (name: string) => {
      // Named relative to a mount that is covered.
      if (shown.base?.startsWith('/') === false) return undefined;
      const option = shown.options.find((text) => text.startsWith(`${name}=`));
      return option
        ?.slice(name.length + 1)
        .split(':')
        .map(absolute)
        .join(':');
    };
    const data = {
      Type: shown.type,
      Source: shown.source,
      LowerDir: directory('lowerdir'),
      UpperDir: directory('upperdir'),
      WorkDir: directory('workdir'),
      MergedDir: shown.type === 'overlay' ? join(services.paths.container(record.id), 'rootfs') : undefined,
    };
    return Object.fromEntries(
      Object.entries(data).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  } catch {
    return {};
  }
}

function networkOf(services: EngineServices, record: ContainerRecord): Record<string, unknown> {
  const active = isActive(record);
  const pid = record.process?.process.pid;
  const shapes = networkShapes(services, record, record.config.exposedPorts);
  const key = record.config.sandbox === true ? sandboxPath(services, record.id) : `/proc/${pid}/ns/net`;
  return {
    Bridge: '',
    SandboxID: active ? record.id : '',
    SandboxKey: active && pid !== undefined ? key : '',
    Ports: shapes?.ports ?? {},
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...emptyEndpoint,
    ...shapes?.first,
    Networks:
      shapes?.networks ??
      (record.network.startsWith('container:') || record.config.sandbox === true
        ? {}
        : {
            [record.network]: {
              IPAMConfig: null,
              Links: null,
              Aliases: null,
              NetworkID: record.network,
              ...emptyEndpoint,
              DriverOpts: null,
            },
          }),
  };
}

const emptyEndpoint = {
  EndpointID: '',
  Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  MacAddress: '',
};
