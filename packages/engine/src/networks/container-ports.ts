/** What is published, as `strata port` and docker inspect show it. */
import type { Attachment, PublishedPort } from '@strata/core';
import { findContainer } from '../containers/state/container-store.ts';
import type { EngineServices } from '../services.ts';
import { type EndpointRecord, endpointsOf } from './endpoint-store.ts';
import { networkById } from './network-store.ts';

export async function containerPorts(
  services: EngineServices,
  reference: string,
): Promise<readonly PublishedPort[]> {
  const { id } = findContainer(services.database, reference);
  return endpointsOf(services.database, id).flatMap(({ attachment }) => attachment?.ports ?? []);
}

type Shape = Readonly<Record<string, unknown>>;

/** NetworkSettings.Ports: exposed ports that are not published are null. */
export function portShape(ports: readonly PublishedPort[], exposed: readonly string[]): Shape {
  const shape: Record<string, { HostIp: string; HostPort: string }[] | null> = Object.create(null);
  for (const port of exposed) shape[port] = null;
  for (const { hostIp, hostPort, containerPort, protocol } of ports) {
    const key = `${containerPort}/${protocol}`;
    shape[key] = [...(shape[key] ?? []), { HostIp: hostIp, HostPort: String(hostPort) }];
  }
  return { ...shape };
}

export interface NetworkShapes {
  /** The fields docker keeps from the time of one network, of the first one. */
  readonly first: Shape;
  readonly ports: Shape;
  readonly networks: Shape;
}

/** `undefined`: a container without endpoints of its own. */
export function networkShapes(
  services: EngineServices,
  container: { readonly id: string; readonly name: string },
  exposed: readonly string[],
): NetworkShapes | undefined {
  const endpoints = endpointsOf(services.database, container.id);
  if (endpoints.length === 0) return undefined;
  const networks = endpoints.map((endpoint) => {
    const network = networkById(services.database, endpoint.network);
    const name = network?.name ?? endpoint.network;
    return [name, endpointShape(endpoint, container)] as const;
  });
  const [, main] = networks[0] as (typeof networks)[0];
  const first = (key: string) => main[key as keyof typeof main] ?? '';
  const running = endpoints.some(({ attachment }) => attachment !== undefined);
  return {
    first: {
      EndpointID: first('EndpointID'),
      Gateway: first('Gateway'),
      GlobalIPv6Address: first('GlobalIPv6Address'),
      GlobalIPv6PrefixLen: main.GlobalIPv6PrefixLen,
      IPAddress: first('IPAddress'),
      IPPrefixLen: main.IPPrefixLen,
      IPv6Gateway: first('IPv6Gateway'),
      MacAddress: first('MacAddress'),
    },
    ports: running
      ? portShape(
          endpoints.flatMap(({ attachment }) => attachment?.ports ?? []),
          exposed,
        )
      : {},
    networks: Object.fromEntries(networks),
  };
}

function endpointShape(endpoint: EndpointRecord, container: { readonly name: string; readonly id: string }) {
  const { attachment, aliases, macAddress } = endpoint;
  const [four, six] = [false, true].map((ipv6) => split(attachment, ipv6));
  const gateway = attachment?.gateway ?? '';
  return {
    IPAMConfig: ipamShape(endpoint),
    Links: null,
    Aliases: aliases.length > 0 ? [...aliases] : null,
    MacAddress: attachment?.macAddress ?? macAddress ?? '',
    DriverOpts: null,
    NetworkID: endpoint.network,
    EndpointID: attachment === undefined ? '' : endpoint.id,
    Gateway: gateway.includes(':') ? '' : gateway,
    IPAddress: four?.[0] ?? '',
    IPPrefixLen: Number(four?.[1] ?? 0),
    IPv6Gateway: gateway.includes(':') ? gateway : (attachment?.gateway6 ?? ''),
    GlobalIPv6Address: six?.[0] ?? '',
    GlobalIPv6PrefixLen: Number(six?.[1] ?? 0),
    DNSNames: [container.name, ...aliases, container.id.slice(0, 12)],
  };
}

/** The addresses that were asked for. */
function ipamShape({ ip, ip6 }: EndpointRecord): Shape | null {
  const wanted = [ip, ip6].filter((address) => address !== undefined);
  if (wanted.length === 0) return null;
  return Object.fromEntries(
    wanted.map((address) => [address.includes(':') ? 'IPv6Address' : 'IPv4Address', address]),
  );
}

function split(attachment: Attachment | undefined, ipv6: boolean): string[] | undefined {
  return attachment?.addresses.find((address) => address.includes(':') === ipv6)?.split('/');
}
