/** One of many processes over a store: `node operations.ts ROOT RUN IMAGE-ID WORKER ROUNDS`. Five operations a round. */
import type { AnyDriverDefinition } from '@strata/core';
import cgroupNone from '@strata/driver-cgroup-none';
import imageLocal from '@strata/driver-image-local';
import layerOverlay from '@strata/driver-layer-overlay';
import networkNone from '@strata/driver-network-none';
import runtimeOci from '@strata/driver-runtime-oci';
import { createEngine } from '@strata/engine';
import { createHost } from '@strata/host';

const [root, run, image, worker, rounds] = process.argv.slice(2) as [string, string, string, string, string];
const drivers: AnyDriverDefinition[] = [layerOverlay, imageLocal, networkNone, cgroupNone, runtimeOci];

await using engine = createEngine({ root, run, host: createHost(), drivers });
for (let i = 0; i < Number(rounds); i++) {
  const name = `w${worker}-${i}`;
  await engine.images.tag(image, `${name}:1`);
  await engine.containers.create({ image: `${name}:1`, name, command: ['true'], network: 'none' });
  await engine.containers.remove(name);
  await engine.images.remove(`${name}:1`);
  await engine.containers.list({ all: true });
}
