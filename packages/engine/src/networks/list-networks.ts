import type { NetworkFilter, NetworkInspect, NetworkSummary } from '../api/networks.ts';
import { hasLabel } from '../containers/container-filter.ts';
import { containerById } from '../containers/state/container-store.ts';
import type { EngineServices } from '../services.ts';
import { chooseNetwork, isBuiltIn } from './default-network.ts';
import type { EndpointRecord } from './endpoint-store.ts';
import { allNetworks, lookupNetwork, type NetworkRecord } from './network-store.ts';
import { attachedTo } from './remove-network.ts';

/** By name; the fixed networks of drivers are always there. */
export async function listNetworks(
  services: EngineServices,
  filter: NetworkFilter = {},
): Promise<readonly NetworkSummary[]> {
  const stored = allNetworks(services.database).map((network) => ({
    summary: summaryOf(network),
    attached: () => attachedTo(services, network).length,
  }));
  const names = new Set(stored.map(({ summary }) => summary.name));
  const fixed = services.drivers
    .ids('network')
    .filter((id) => (id === 'none' || id === 'host') && !names.has(id))
    .map((id) => ({ summary: fixedSummary(id), attached: () => usersOf(services, id) }));
  return [...stored, ...fixed]
    .filter(({ summary, attached }) => matches(services, summary, filter, attached))
    .map(({ summary }) => summary)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function summaryOf({ id, name, driver, spec, created }: NetworkRecord): NetworkSummary {
  return { id, name, driver, created, ipv6: spec.ipv6, internal: spec.internal, labels: spec.labels };
}

function fixedSummary(id: string): NetworkSummary {
  return { id, name: id, driver: id, created: undefined, ipv6: false, internal: false, labels: {} };
}

function usersOf({ database }: EngineServices, network: string): number {
  return (
    database.get<{ n: number }>(
      `SELECT count(*) AS n FROM containers WHERE network = ? AND status IN ('running', 'paused')`,
      network,
    )?.n ?? 0
  );
}

/** Docker: names and ids match anywhere, OR within one filter, AND between them. */
function matches(
  services: EngineServices,
  network: NetworkSummary,
  filter: NetworkFilter,
  attached: () => number,
): boolean {
  const any = (wanted: readonly string[] | undefined, test: (value: string) => boolean) =>
    wanted === undefined || wanted.length === 0 || wanted.some(test);
  const builtIn = isBuiltIn(services, network.name);
  return (
    any(filter.names, (name) => network.name.includes(name)) &&
    any(filter.ids, (id) => network.id.includes(id)) &&
    any(filter.drivers, (driver) => network.driver === driver) &&
    (filter.labels ?? []).every((label) => hasLabel(network.labels, label)) &&
    (filter.type === undefined || (filter.type === 'builtin') === builtIn) &&
    (filter.dangling === undefined || (!builtIn && (attached() === 0) === filter.dangling))
  );
}

/** docker network inspect. */
export async function inspectNetwork(services: EngineServices, reference: string): Promise<NetworkInspect> {
  const found = lookupNetwork(services.database, reference);
  if (found !== undefined) return shapeOf(services, found);
  // The bridge is listed once it is used, and can be asked for before.
  const choice = await chooseNetwork(services, reference);
  if (choice.kind === 'network') return shapeOf(services, choice.network);
  return {
    Name: choice.driver,
    Id: choice.driver,
    Created: new Date(0).toISOString(),
    Scope: 'local',
    Driver: choice.driver,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    Containers: {},
    Options: {},
    Labels: {},
  };
}

function shapeOf(services: EngineServices, network: NetworkRecord): NetworkInspect {
  const { spec } = network;
  const family = (text: string) => text.includes(':');
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created.toISOString(),
    Scope: 'local',
    Driver: network.driver,
    EnableIPv6: spec.ipv6,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: spec.subnets.map((subnet) => ({
        Subnet: subnet,
        ...(spec.ipRange !== undefined && family(spec.ipRange) === family(subnet)
          ? { IPRange: spec.ipRange }
          : {}),
        ...(spec.gateway !== undefined && family(spec.gateway) === family(subnet)
          ? { Gateway: spec.gateway }
          : {}),
      })),
    },
    Internal: spec.internal,
    Attachable: false,
    Ingress: false,
    Containers: Object.fromEntries(
      attachedTo(services, network).map((endpoint) => [endpoint.container, memberOf(services, endpoint)]),
    ),
    Options: spec.options,
    Labels: spec.labels,
  };
}

function memberOf(services: EngineServices, { id, container, attachment }: EndpointRecord): NetworkInspect {
  const addresses = attachment?.addresses ?? [];
  return {
    Name: containerById(services.database, container)?.name ?? '',
    EndpointID: id,
    MacAddress: attachment?.macAddress ?? '',
    IPv4Address: addresses.find((address) => !address.includes(':')) ?? '',
    IPv6Address: addresses.find((address) => address.includes(':')) ?? '',
  };
}
