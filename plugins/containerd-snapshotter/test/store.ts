/** An engine over a store of its own, and one of its drivers served on a socket. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import imageLocal from '@strata/driver-image-local';
import btrfs from '@strata/driver-layer-btrfs';
import overlay from '@strata/driver-layer-overlay';
import vfs from '@strata/driver-layer-vfs';
import { createEngine, type Engine } from '@strata/engine';
import { createHost } from '@strata/host';
import erofs from 'strata-driver-erofs';
import { serveSnapshotter } from '../src/index.ts';

export const host = createHost();

export function newEngine(base: string): Engine {
  return createEngine({
    root: join(base, 'root'),
    run: join(base, 'run'),
    host,
    drivers: [overlay, btrfs, vfs, erofs, imageLocal],
  });
}

export interface Served extends AsyncDisposable {
  readonly base: string;
  readonly engine: Engine;
  readonly address: string;
}

/** On `base`, or on an empty store below `directory`. */
export async function serve(
  options: { readonly driver: string } & ({ readonly base: string } | { readonly directory: string }),
): Promise<Served> {
  const base = 'base' in options ? options.base : mkdtempSync(join(options.directory, 's-'));
  const engine = newEngine(base);
  const snapshotter = await engine.storage.snapshotter({ driver: options.driver, owner: 'containerd' });
  const address = join(base, 'run', 'snapshotter', 'x.sock');
  const server = await serveSnapshotter({ snapshotter, address, locks: host.locks, log: host.log, grace: 0 });
  return {
    base,
    engine,
    address,
    async [Symbol.asyncDispose]() {
      await server.close();
      await snapshotter.close();
      await engine.close();
    },
  };
}
