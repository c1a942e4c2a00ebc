import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineServices } from '../../services.ts';
import { bindVolumes, fillVolumes } from '../../volumes/mount-volumes.ts';
import type { ContainerConfig } from '../container-config.ts';
import { mountTargets } from '../spec/mounts.ts';
import { containerById } from '../state/container-store.ts';
import { madeMountpoints } from './made-mountpoints.ts';
import { prepareRootfs } from './prepare-rootfs.ts';

/**
 * Everything the container's mounts need in its root filesystem, and its volumes filled. Returns the real path of each
 * mount target. The same again at every start, and before the first one when files are copied in.
 */
export async function readyRootfs(
  services: EngineServices,
  { id, config, rootfs }: { id: string; config: ContainerConfig; rootfs: string },
): Promise<ReadonlyMap<string, string>> {
  const directory = services.paths.container(id);
  const bound = await bindVolumes(services, config);
  const prepared = prepareRootfs(services.host, rootfs, mountTargets(bound), config.workingDirectory);
  // What `diff` must not show: mountpoints the image did not have. The first time knows them all.
  const file = join(directory, 'mountpoints.json');
  if (prepared.made.length > 0 && !existsSync(file))
    await writeFile(file, JSON.stringify(prepared.made), { mode: 0o600 });
  const ofImage = (target: string) => !madeMountpoints(directory).has(prepared.targets.get(target) ?? target);
  // Once: what the container made of an empty volume, its owner say, is not undone by its next start.
  const hasVolumes = config.mounts.some(({ type }) => type === 'volume');
  if (hasVolumes && containerById(services.database, id)?.started === undefined)
    await fillVolumes(services, { config, rootfs, ofImage });
  return prepared.targets;
}
