/**
 * The sandbox of one run: network namespace → plan → stored → attach. Leases and links are made while the rootfs is
 * mounted and the runtime creates the process; nothing of the image runs before {@link Sandbox.ready}.
 */
import { join } from 'node:path';
import {
  type Attachment,
  type Endpoint,
  isStrataError,
  type NetworkDriver,
  type PublishedPort,
} from '@strata/core';
import type { ContainerConfig } from '../containers/container-config.ts';
import type { EngineServices } from '../services.ts';
import { volatileTransaction } from '../state/volatile.ts';
import { isBuiltIn } from './default-network.ts';
import { type EndpointRecord, endpointsOf, setAttachment } from './endpoint-store.ts';
import { type NetworkRecord, networkById, networkNotFound } from './network-store.ts';
import { planPorts } from './plan-ports.ts';
import { restoreAfterBoot } from './restore-networks.ts';

/** Of the container, what its endpoints are made of. */
export interface SandboxOwner {
  readonly id: string;
  readonly name: string;
  readonly config: ContainerConfig;
}

export interface Sandbox {
  /** Path of the namespace. */
  readonly path: string;
  readonly attachments: readonly Attachment[];
}

export interface OpeningSandbox {
  /** The namespace is there, addresses and ports are known. */
  readonly planned: Promise<Sandbox>;
  /** Links and rules are there. */
  readonly ready: Promise<unknown>;
  /** Once ready and the container's files are written: what only attaching could tell goes into them. */
  complete(): Promise<void>;
  /** Nothing is being made any more, whether or not it worked. */
  readonly settled: Promise<void>;
}

export function sandboxPath(services: Pick<EngineServices, 'paths'>, container: string): string {
  return join(services.paths.run, 'netns', container);
}

/** Begin; failures are reported by the promises. The caller has journalled the step. */
export function openSandbox(services: EngineServices, owner: SandboxOwner): OpeningSandbox {
  const planned = planSandbox(services, owner);
  const ready = planned.then(async ({ joined }) => {
    const attached: Attachment[] = [];
    for (const one of joined) attached.push(await attachEndpoint(services, one));
    return attached;
  });
  const settled = Promise.allSettled([planned, ready]).then(() => undefined);
  return {
    planned: planned.then(({ path, joined }) => ({
      path,
      attachments: joined.map(({ attachment }) => attachment),
    })),
    ready,
    settled,
    async complete() {
      const [{ joined }, after] = await Promise.all([planned, ready]);
      const before = joined.map(({ attachment }) => attachment);
      if (after.every((attachment, n) => attachment === before[n])) return;
      const { updateNetworkFiles } = await import('./live-files.ts');
      updateNetworkFiles(services, owner, { before, after });
    },
  };
}

interface Joined {
  readonly endpoint: EndpointRecord;
  readonly attachment: Attachment;
  readonly driver: NetworkDriver;
}

async function planSandbox(
  services: EngineServices,
  owner: SandboxOwner,
): Promise<{ path: string; joined: readonly Joined[] }> {
  const endpoints = endpointsOf(services.database, owner.id);
  const path = sandboxPath(services, owner.id);
  const [made, planned] = await Promise.allSettled([
    services.host.namespaces.createNetwork(path),
    planEndpoints(services, owner, endpoints),
  ]);
  if (planned.status === 'rejected') throw planned.reason;
  if (made.status === 'rejected') throw made.reason;
  const joined = planned.value;
  volatileTransaction(services.database, () => {
    for (const { endpoint, attachment } of joined) setAttachment(services.database, endpoint.id, attachment);
  });
  return { path, joined };
}

async function planEndpoints(
  services: EngineServices,
  owner: SandboxOwner,
  endpoints: readonly EndpointRecord[],
): Promise<Joined[]> {
  const joined: Joined[] = [];
  for (const endpoint of endpoints)
    joined.push(await planEndpoint(services, owner, { ...endpoint, publishes: joined.length === 0 }));
  return joined;
}

/** Leases for one endpoint; nothing is stored by us yet. The ports are those of the first network. */
export async function planEndpoint(
  services: EngineServices,
  owner: SandboxOwner,
  endpoint: EndpointRecord & { readonly publishes: boolean },
): Promise<Joined> {
  const network = networkById(services.database, endpoint.network);
  if (network === undefined) throw networkNotFound(endpoint.network);
  await restoreAfterBoot(services, network.driver);
  const driver = await services.drivers.get('network', network.driver);
  const ports = endpoint.publishes ? owner.config : undefined;
  const plan = (published: readonly PublishedPort[]) =>
    driver.plan(endpointFor(services, owner, { endpoint, network, ports: published }));
  const planned = () => planPorts(ports, network.spec, plan);
  const attachment = await planned().catch(async (error: unknown) => {
    if (!isStrataError(error, 'already-exists')) throw error;
    // What a dead process was making or removing does not keep its ports and addresses.
    const { reapAll } = await import('../containers/reap-container.ts');
    await reapAll(services);
    return await planned();
  });
  return { endpoint, driver, attachment };
}

function endpointFor(
  services: EngineServices,
  { id, name, config }: SandboxOwner,
  made: { endpoint: EndpointRecord; network: NetworkRecord; ports: readonly PublishedPort[] },
): Endpoint {
  const { endpoint, network, ports } = made;
  const { ip, ip6, macAddress } = endpoint;
  return {
    id: endpoint.id,
    network: network.spec,
    containerId: id,
    sandbox: sandboxPath(services, id),
    interfaceName: endpoint.interfaceName,
    ...(ip === undefined ? {} : { ip }),
    ...(ip6 === undefined ? {} : { ip6 }),
    ...(macAddress === undefined ? {} : { macAddress }),
    aliases: isBuiltIn(services, network.name) ? [] : namesOf({ id, name, config }, endpoint),
    nameservers: config.dns,
    ports,
  };
}

/** Of a plan that is stored. */
export async function attachEndpoint(
  services: EngineServices,
  { endpoint, driver, attachment }: Joined,
): Promise<Attachment> {
  const complete = (await driver.attach(attachment)) ?? undefined;
  if (complete === undefined) return attachment;
  setAttachment(services.database, endpoint.id, complete);
  return complete;
}

/** Docker's DNSNames: name, aliases, short id, and a hostname that was asked for. */
export function namesOf({ id, name, config }: SandboxOwner, { aliases }: EndpointRecord): string[] {
  return [...new Set([name, ...aliases, id.slice(0, 12), ...(config.hostname ? [config.hostname] : [])])];
}
