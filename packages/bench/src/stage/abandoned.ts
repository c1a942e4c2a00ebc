/**
 * What a killed bench left runs on: containers, with their monitors, cgroups and networks. They are taken down by an engine
 * over the store they are in, while its filesystem is still mounted.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { endKinds } from '../kinds/remains.ts';
import type { BenchPorts } from '../ports.ts';
import { quiet } from './quiet.ts';

const SCRATCH = '.scratch';

/** End everything that lives in a workplace. */
export async function endAbandoned(ports: BenchPorts, directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.endsWith(SCRATCH)) continue;
    const id = name.slice(0, -SCRATCH.length);
    for (const place of [id, `${id}-pool`]) {
      const root = join(directory, 'backing', place, 'store');
      if (existsSync(join(root, 'strata.db')))
        await emptyStore(ports, { root, run: join(directory, name, 'run'), storage: id });
    }
  }
  await endKinds(ports, directory);
  await quiet(ports.host, `${directory}/`);
}

async function emptyStore(ports: BenchPorts, place: Parameters<BenchPorts['openEngine']>[0]): Promise<void> {
  const engine = await ports.openEngine(place);
  try {
    for (const { id } of await engine.containers.list({ all: true }))
      await engine.containers.remove(id, { force: true });
    await engine.containers.cleanup();
    for (const { id } of await engine.networks.list({ type: 'custom' })) await engine.networks.remove(id);
  } finally {
    await engine.close();
  }
}
