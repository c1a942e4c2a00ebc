/** Which host ports are free, by bind(2); the sockets stay bound until the lease is written. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIP } from 'node:net';
import { errnoOf, type PublishedPort, StrataError } from '@strata/core';
import { portInUse } from './endpoint-store.ts';

export interface Reservation extends AsyncDisposable {
  /** With host ports filled in. */
  readonly ports: readonly PublishedPort[];
}

interface Bound {
  readonly port: PublishedPort;
  close(): void;
}

/** @throws already-exists PORT_IN_USE; invalid-argument PORT_INVALID */
export async function reservePorts(wanted: readonly PublishedPort[]): Promise<Reservation> {
  const results = await Promise.allSettled(wanted.map(bind));
  const bound = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const close = async () => {
    for (const one of bound) one.close();
  };
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return { ports: bound.map(({ port }) => port), [Symbol.asyncDispose]: close };
}

async function bind(wanted: PublishedPort): Promise<Bound> {
  const port = { ...wanted, hostIp: wanted.hostIp === '' ? '0.0.0.0' : wanted.hostIp };
  check(port);
  try {
    if (port.protocol === 'tcp') return await bindTcp(port);
    if (port.protocol === 'udp') return await bindUdp(port);
  } catch (error) {
    if (errnoOf(error) === 'EADDRINUSE') throw portInUse(port, error);
    throw invalid(`${port.hostIp}:${port.hostPort} cannot be published: ${errnoOf(error)}`, error);
  }
  if (port.hostPort === 0) throw invalid('Choose the host port of an sctp port yourself');
  return { port, close: () => {} };
}

async function bindTcp(port: PublishedPort): Promise<Bound> {
  const server = createServer();
  server.listen({ host: port.hostIp, port: port.hostPort, exclusive: true, ipv6Only: true, backlog: 1 });
  await once(server, 'listening');
  const { port: hostPort } = server.address() as { port: number };
  return { port: { ...port, hostPort }, close: () => server.close() };
}

async function bindUdp(port: PublishedPort): Promise<Bound> {
  const socket = createSocket(isIP(port.hostIp) === 6 ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  socket.bind({ address: port.hostIp, port: port.hostPort, exclusive: true });
  await once(socket, 'listening').catch((error) => {
    socket.close();
    throw error;
  });
  return { port: { ...port, hostPort: socket.address().port }, close: () => socket.close() };
}

function check({ hostIp, hostPort, containerPort, protocol }: PublishedPort): void {
  const valid = (port: number, least: number) => Number.isInteger(port) && port >= least && port <= 65_535;
  if (!valid(hostPort, 0) || !valid(containerPort, 1))
    throw invalid(`Ports are numbers from 1 to 65535, not ${hostPort}:${containerPort}`);
  if (!['tcp', 'udp', 'sctp'].includes(protocol))
    throw invalid(`${JSON.stringify(protocol)} is not a protocol with ports`);
  if (isIP(hostIp) === 0 || hostIp.includes('%'))
    throw invalid(`${JSON.stringify(hostIp)} is not an IP address`);
}

function invalid(message: string, cause?: unknown): StrataError {
  return new StrataError('invalid-argument', 'PORT_INVALID', message, { cause });
}
