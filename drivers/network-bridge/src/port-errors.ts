import { isIP } from 'node:net';
import { type PublishedPort, StrataError } from '@strata/core';
import { invalid } from './names.ts';

export function portInUse(port: PublishedPort, context: Record<string, string> = {}): StrataError {
  const { hostIp, hostPort, protocol } = port;
  const host = isIP(hostIp) === 6 ? `[${hostIp}]` : hostIp;
  return new StrataError(
    'already-exists',
    'PORT_IN_USE',
    `The host's port ${host}:${hostPort}/${protocol} is in use`,
    {
      hint: 'Publish another port, or leave out the host port and Strata chooses a free one',
      context: { hostIp, hostPort, protocol, ...context },
    },
  );
}

/** What bind(2) answered, in our words. */
export function bindError(port: PublishedPort, error: NodeJS.ErrnoException): unknown {
  if (error.code === 'EADDRINUSE') return portInUse(port);
  const details = { cause: error, context: { hostIp: port.hostIp, hostPort: port.hostPort } };
  if (error.code === 'EADDRNOTAVAIL')
    return new StrataError(
      'invalid-argument',
      'HOST_IP_UNKNOWN',
      `${port.hostIp} is not an address of this host`,
      {
        ...details,
        hint: 'Publish on 0.0.0.0, or on an address that `ip address` shows',
      },
    );
  if (error.code === 'EACCES')
    return new StrataError('permission-denied', 'PORT_DENIED', `Port ${port.hostPort} needs more rights`, {
      ...details,
      hint: 'Publish a port from 1024 up, or lower net.ipv4.ip_unprivileged_port_start',
    });
  return error;
}

/** The port with its host address in one spelling. @throws invalid-argument */
export function checkedPort(
  port: PublishedPort,
  options: { ipv6: boolean; internal: boolean },
): PublishedPort {
  const hostIp = port.hostIp === '' ? '0.0.0.0' : port.hostIp;
  const numbers = Number.isInteger(port.hostPort) && Number.isInteger(port.containerPort);
  const inRange =
    port.hostPort >= 0 && port.containerPort >= 1 && Math.max(port.hostPort, port.containerPort) <= 65_535;
  if (!numbers || !inRange)
    throw invalid(
      'PORT_INVALID',
      `Ports are numbers from 1 to 65535, not ${port.hostPort}:${port.containerPort}`,
      'Write it as 8080:80',
    );
  if (!['tcp', 'udp', 'sctp'].includes(port.protocol))
    throw invalid(
      'PORT_INVALID',
      `${JSON.stringify(port.protocol)} is not a protocol with ports`,
      'Use tcp, udp or sctp',
    );
  const family = isIP(hostIp);
  if (family === 0 || hostIp.includes('%'))
    throw invalid(
      'HOST_IP_INVALID',
      `${JSON.stringify(hostIp)} is not an IP address`,
      'Write it as 127.0.0.1:8080:80 or [fd00::1]:8080:80',
    );
  if (family === 6 && hostIp === '::1')
    throw invalid(
      'PORT_ON_LOOPBACK6',
      'Linux cannot redirect from ::1',
      'Publish on 127.0.0.1, which clients of localhost try as well',
    );
  if (family === 6 && !options.ipv6)
    throw invalid(
      'PORT_NEEDS_IPV6',
      `${hostIp} cannot be published: the network has no IPv6`,
      'Make one with --ipv6',
    );
  if (options.internal)
    throw invalid(
      'PORT_ON_INTERNAL',
      'An internal network publishes no ports',
      'Use a network without --internal',
    );
  return { ...port, hostIp };
}
