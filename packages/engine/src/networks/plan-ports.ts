/** `-p` and `-P` become the ports of one endpoint. */
import {
  type Attachment,
  isStrataError,
  type NetworkSpec,
  type PublishedPort,
  StrataError,
} from '@strata/core';
import type { PortRequest } from '../api/networks.ts';

export interface PortWishes {
  readonly ports?: readonly PortRequest[];
  readonly publishAll?: boolean;
  /** `80/tcp`. */
  readonly exposedPorts: readonly string[];
}

type Plan = (ports: readonly PublishedPort[]) => Promise<Attachment>;

/** A range of host ports (`-p 8000-8010:80`) is tried from its beginning, as the driver alone knows what is free. */
export async function planPorts(
  wishes: PortWishes | undefined,
  spec: Pick<NetworkSpec, 'ipv6' | 'internal'>,
  plan: Plan,
): Promise<Attachment> {
  const wanted = wishes === undefined ? [] : portsOf(wishes, spec);
  const chosen = wanted.map(({ hostPort }) => hostPort);
  for (;;) {
    try {
      return await plan(wanted.map((port, n) => published(port, chosen[n] as number)));
    } catch (error) {
      const busy = wanted.findIndex((port, n) => isBusy(error, port, chosen[n] as number));
      if (busy < 0) throw error;
      const range = wanted[busy] as PortRequest;
      const next = (chosen[busy] as number) + 1;
      if (next > (range.hostPortEnd ?? range.hostPort)) throw exhausted(range, error);
      chosen[busy] = next;
    }
  }
}

function isBusy(error: unknown, port: PortRequest, hostPort: number): boolean {
  return (
    isStrataError(error, 'PORT_IN_USE') &&
    port.hostPortEnd !== undefined &&
    port.hostPortEnd > port.hostPort &&
    error.context.hostPort === hostPort &&
    error.context.protocol === port.protocol
  );
}

/** All that is to be published: asked for, and with `-P` every exposed port that is not. */
export function portsOf(
  wishes: PortWishes,
  { ipv6, internal }: Pick<NetworkSpec, 'ipv6' | 'internal'>,
): PortRequest[] {
  const asked = wishes.ports ?? [];
  const isAsked = ({ containerPort, protocol }: PortRequest) =>
    asked.some((port) => port.containerPort === containerPort && port.protocol === protocol);
  const exposed = wishes.publishAll === true && !internal ? wishes.exposedPorts.map(exposedPort) : [];
  const all = [...asked, ...exposed.filter((port) => port !== undefined && !isAsked(port))] as PortRequest[];
  // Every address of the host is two wildcards where the network has IPv6.
  return all.flatMap((port) => {
    if (port.hostIp !== '') return [port];
    const four = { ...port, hostIp: '0.0.0.0' };
    return ipv6 && port.hostPort !== 0 ? [four, { ...port, hostIp: '::' }] : [four];
  });
}

/** `80/tcp` of an image's EXPOSE or `--expose`; what is none is nobody's port. */
export function exposedPort(text: string): PortRequest | undefined {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text);
  const containerPort = Number(match?.[1] ?? 0);
  if (containerPort < 1 || containerPort > 65_535) return undefined;
  const protocol = (match?.[2] ?? 'tcp') as PortRequest['protocol'];
  return { hostIp: '', hostPort: 0, containerPort, protocol };
}

function published({ hostIp, containerPort, protocol }: PortRequest, hostPort: number): PublishedPort {
  return { hostIp, hostPort, containerPort, protocol };
}

function exhausted({ hostPort, hostPortEnd, protocol }: PortRequest, cause: unknown): StrataError {
  return new StrataError(
    'already-exists',
    'PORT_IN_USE',
    `All host ports ${hostPort}-${hostPortEnd}/${protocol} are in use`,
    { hint: 'Give a larger range, or leave out the host port', cause },
  );
}

/** @throws invalid-argument */
export function checkPorts(ports: readonly PortRequest[]): void {
  for (const { hostPort, hostPortEnd = hostPort, containerPort } of ports) {
    const numbers = [hostPort, hostPortEnd, containerPort];
    if (numbers.some((port) => !Number.isInteger(port) || port < 0 || port > 65_535) || containerPort === 0)
      throw new StrataError(
        'invalid-argument',
        'PORT_INVALID',
        `Ports are numbers from 1 to 65535, not ${hostPort}:${containerPort}`,
        { hint: 'Write it as -p 8080:80, or -p 80 for any free port of the host' },
      );
  }
}
