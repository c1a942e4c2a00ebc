import { existsSync } from 'node:fs';
import { StrataError } from '@strata/core';
import type { EngineServices } from '../../services.ts';
import type { ContainerConfig } from '../container-config.ts';
import type { ContainerRecord } from '../state/container-record.ts';
import { findContainer } from '../state/container-store.ts';

export interface Namespace {
  readonly type: 'pid' | 'ipc' | 'uts' | 'mount' | 'network' | 'cgroup';
  readonly path?: string;
}

/** What the container's network mode means for its namespace and files. */
export interface NetworkNamespace {
  /** `host`: none of its own; `runtime`: the runtime makes one; otherwise a path. */
  readonly namespace: 'host' | 'runtime' | { readonly path: string };
  readonly connects: boolean;
  /** Container whose namespace, and network files, are shared. */
  readonly shared: ContainerRecord | undefined;
}

export function namespacesFor(
  services: EngineServices,
  config: ContainerConfig,
  network: NetworkNamespace,
): Namespace[] {
  const namespaces: Namespace[] = [{ type: 'mount' }];
  const add = (type: 'pid' | 'ipc' | 'uts', mode: string) => {
    if (mode === 'host') return;
    const other = otherContainer(services, mode);
    if (other === undefined) namespaces.push({ type });
    else if (type === 'ipc' && other.config.ipc !== 'shareable' && other.config.ipc !== 'host')
      throw notShareable(other);
    else namespaces.push({ type, path: namespacePath(services, other, type) });
  };
  add('pid', config.pid);
  add('ipc', config.ipc);
  add('uts', config.uts);
  if (network.namespace === 'runtime') namespaces.push({ type: 'network' });
  else if (network.namespace !== 'host') namespaces.push({ type: 'network', path: network.namespace.path });
  // On cgroup v1 Docker leaves the container in the host's cgroup namespace.
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) namespaces.push({ type: 'cgroup' });
  return namespaces;
}

/** `sandbox`: the path of the namespace that the engine made for it. */
export async function networkNamespace(
  services: EngineServices,
  container: { readonly network: string },
  sandbox: string | undefined,
): Promise<NetworkNamespace> {
  if (sandbox !== undefined) return { namespace: { path: sandbox }, connects: true, shared: undefined };
  const shared = otherContainer(services, container.network);
  if (shared !== undefined)
    return { namespace: { path: namespacePath(services, shared, 'net') }, connects: true, shared };
  const driver = await services.drivers.get('network', container.network);
  const { sandbox: own, connects } = driver.capabilities;
  // A sandbox with nothing to attach to is made by the runtime, which also brings its loopback up.
  return { namespace: own ? 'runtime' : 'host', connects, shared: undefined };
}

export function otherContainer(services: EngineServices, mode: string): ContainerRecord | undefined {
  if (!mode.startsWith('container:')) return undefined;
  return findContainer(services.database, mode.slice('container:'.length));
}

export function namespacePath(services: EngineServices, other: ContainerRecord, type: string): string {
  if (other.process === undefined || !services.host.processes.alive(other.process.process))
    throw new StrataError(
      'failed-precondition',
      'CONTAINER_NOT_RUNNING',
      `Cannot join the ${type} namespace of ${other.name}: it is not running`,
      { hint: `Start it first: strata start ${other.name}` },
    );
  return `/proc/${other.process.process.pid}/ns/${type}`;
}

function notShareable(other: ContainerRecord): StrataError {
  return new StrataError(
    'failed-precondition',
    'IPC_NOT_SHAREABLE',
    `The IPC namespace of ${other.name} is private`,
    {
      hint: 'Make that container with --ipc shareable',
    },
  );
}
