import { mkdir } from 'node:fs/promises';
import { type Mount, plainDirectory } from '@strata/core';
import type { EngineServices } from '../../services.ts';

/** Where the container's files are: the layer's own directory where that needs no mount, else mounted at `target`. */
export async function mountRootfs(
  services: EngineServices,
  layer: readonly Mount[],
  target: string,
): Promise<string> {
  const plain = plainDirectory(layer);
  if (plain !== undefined) return plain;
  await mkdir(target, { recursive: true, mode: 0o700 });
  await services.host.mounter.mount(layer, target);
  return target;
}
