/**
 * Finding out by bind(2) whether a port is free, and choosing free ones. The sockets stay bound until the lease is
 * written: of two parallel starts, each either sees the other's socket or the other's lease.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIP } from 'node:net';
import type { PublishedPort } from '@strata/core';
import { bindError } from './port-errors.ts';

export interface Reservation extends AsyncDisposable {
  /** As asked for, with host ports filled in. */
  readonly ports: readonly PublishedPort[];
}

/** @throws already-exists PORT_IN_USE; invalid-argument HOST_IP_UNKNOWN */
export async function reservePorts(wanted: readonly PublishedPort[]): Promise<Reservation> {
  const results = await Promise.allSettled(wanted.map(bind));
  const bound = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const close = async () => void (await Promise.all(bound.map((one) => one.close())));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return { ports: bound.map(({ port }) => port), [Symbol.asyncDispose]: close };
}

interface Bound {
  readonly port: PublishedPort;
  close(): Promise<void>;
}

async function bind(port: PublishedPort): Promise<Bound> {
  try {
    if (port.protocol === 'tcp') return await bindTcp(port);
    if (port.protocol === 'udp') return await bindUdp(port);
  } catch (error) {
    throw bindError(port, error as NodeJS.ErrnoException);
  }
  // Node has no SCTP sockets: leases alone decide, and the number comes from the same range.
  return { port: { ...port, hostPort: port.hostPort || randomPort() }, close: async () => {} };
}

async function bindTcp(port: PublishedPort): Promise<Bound> {
  const server = createServer();
  server.listen({ host: port.hostIp, port: port.hostPort, exclusive: true, ipv6Only: true, backlog: 1 });
  await once(server, 'listening');
  const { port: hostPort } = server.address() as { port: number };
  return {
    port: { ...port, hostPort },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function bindUdp(port: PublishedPort): Promise<Bound> {
  const socket = createSocket(isIP(port.hostIp) === 6 ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  socket.bind({ address: port.hostIp, port: port.hostPort, exclusive: true });
  await once(socket, 'listening').catch((error) => {
    socket.close();
    throw error;
  });
  return {
    port: { ...port, hostPort: socket.address().port },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** Linux's default ip_local_port_range. */
function randomPort(): number {
  return 32_768 + Math.floor(Math.random() * (60_999 - 32_768));
}
