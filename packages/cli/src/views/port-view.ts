import { isIPv6 } from 'node:net';
import type { ContainerSummary } from '@strata/engine';

type Ports = NonNullable<ContainerSummary['ports']>;
type Port = Ports[number];

const bracketed = (address: string): string => (isIPv6(address) ? `[${address}]` : address);

/** `0.0.0.0:8080`, `[::]:8080`. */
export function hostAddress({ hostIp, hostPort }: Pick<Port, 'hostIp' | 'hostPort'>): string {
  return `${bracketed(hostIp)}:${hostPort}`;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Group {
  readonly port: Port;
  readonly length: number;
}

/** Neighbouring ports on both sides become one range, as in docker ps. */
function grouped(ports: Ports): Group[] {
  const key = ({ protocol, hostIp }: Port) => `${protocol} ${hostIp}`;
  const sorted = [...ports].sort(
    (a, b) => compare(key(a), key(b)) || a.containerPort - b.containerPort || a.hostPort - b.hostPort,
  );
  const groups: Group[] = [];
  for (const port of sorted) {
    const last = groups.at(-1);
    const follows =
      last !== undefined &&
      key(last.port) === key(port) &&
      last.port.containerPort + last.length === port.containerPort &&
      last.port.hostPort + last.length === port.hostPort;
    if (follows) groups[groups.length - 1] = { port: last.port, length: last.length + 1 };
    else groups.push({ port, length: 1 });
  }
  return groups;
}

/** The PORTS column: `0.0.0.0:8080->80/tcp, 443/tcp`. */
export function portsText(ports: Ports = [], exposed: readonly string[] = []): string {
  if (ports.length === 0) return exposed.join(', ');
  const range = (first: number, length: number) =>
    length === 1 ? String(first) : `${first}-${first + length - 1}`;
  const published = grouped(ports).map(({ port, length }) => {
    const { hostIp, hostPort, containerPort, protocol } = port;
    return `${bracketed(hostIp)}:${range(hostPort, length)}->${range(containerPort, length)}/${protocol}`;
  });
  const known = new Set(ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  return [...exposed.filter((port) => !known.has(port)), ...published].join(', ');
}
