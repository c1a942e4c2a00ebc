import { posix } from 'node:path';
import type { BindRequest, CreateRequest } from '../api/containers.ts';
import type { ContainerConfig } from '../containers/container-config.ts';
import { findContainer } from '../containers/state/container-store.ts';
import type { EngineServices } from '../services.ts';
import { randomHex } from '../state/random.ts';
import { checkVolumeName } from './volume-paths.ts';

/**
 * All mounts of a container: what was asked for, what other containers have (`--volumes-from`), and an anonymous
 * volume for each VOLUME of the image where nothing else is. The first of these at a place wins.
 */
export function planVolumes(
  services: EngineServices,
  request: CreateRequest,
  config: Pick<ContainerConfig, 'mounts' | 'volumes'>,
): readonly BindRequest[] {
  const wanted: BindRequest[] = [
    ...config.mounts,
    ...(request.volumesFrom ?? []).flatMap((text) => mountsOf(services, text)),
    ...config.volumes.map((target) => ({ type: 'volume' as const, target })),
  ];
  const planned = new Map<string, BindRequest>();
  for (const mount of wanted) {
    const place = posix.resolve('/', mount.target);
    if (!planned.has(place)) planned.set(place, named(mount));
  }
  return [...planned.values()];
}

function named(mount: BindRequest): BindRequest {
  if (mount.type !== 'volume') return mount;
  if (mount.source !== undefined && mount.source !== '')
    return { ...mount, source: checkVolumeName(mount.source) };
  return { ...mount, source: randomHex(32), anonymous: true };
}

/** `CONTAINER[:ro|:rw]`. What is anonymous there stays that container's. */
function mountsOf(services: EngineServices, text: string): BindRequest[] {
  const [, reference = text, mode] = /^(.+?)(?::(ro|rw|z|Z))?$/.exec(text) ?? [];
  return findContainer(services.database, reference)
    .config.mounts.filter(({ type }) => type !== 'tmpfs')
    .map((mount) => ({
      ...mount,
      noCopy: true,
      ...(mode === 'ro' ? { readOnly: true } : {}),
    }));
}
