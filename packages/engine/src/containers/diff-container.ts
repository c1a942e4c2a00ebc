import type { ChangesSource, ListedChange } from '@strata/archive';
import type { PathChange } from '../api/containers.ts';
import { containerChanges } from '../images/container-changes.ts';
import { jobModule } from '../jobs.ts';
import type { EngineServices } from '../services.ts';
import { madeMountpoints } from './rootfs/made-mountpoints.ts';
import { findContainer } from './state/container-store.ts';
import { throwIfRemoved } from './throw-if-removed.ts';

/** diff: what the container's layer changed, without the mountpoints we made in it. */
export async function diffContainer(
  services: EngineServices,
  reference: string,
): Promise<readonly PathChange[]> {
  const { id, name, storage } = findContainer(services.database, reference);
  const layers = await services.layers.open(storage);
  const listed = await containerChanges(services.host, layers, id, (source) =>
    services.host.workers.run<ChangesSource, never, readonly ListedChange[]>(
      jobModule('diff-layer'),
      source,
      {
        signal: services.signal,
      },
    ),
  ).catch((error: unknown) => {
    throwIfRemoved(services, { id, name });
    throw error;
  });
  const ours = madeMountpoints(services.paths.container(id));
  const shown = listed
    .map(({ kind, path }) => ({ kind, path: Buffer.concat([Buffer.from('/'), path]) }))
    .filter(({ kind, path }) => !(kind === 'A' && ours.has(path.toString())));
  return withoutHollow(shown, ours);
}

/** A directory that only changed because a mountpoint was made in it did not change for the user. */
function withoutHollow(changes: readonly PathChange[], ours: ReadonlySet<string>): PathChange[] {
  const parents = new Set([...ours].map((path) => path.slice(0, path.lastIndexOf('/')) || '/'));
  return changes.filter(({ kind, path }) => {
    const text = path.toString();
    if (kind !== 'C' || !parents.has(text)) return true;
    return changes.some((other) => other.path.toString().startsWith(`${text}/`));
  });
}
