import { once } from 'node:events';
import { join } from 'node:path';
import type { Handler } from '../context.ts';
import { host } from '../open-engine.ts';

export const snapshotter: Handler = async (context) => {
  const { flags, settings, io, interrupt } = context;
  const { signal } = interrupt;
  const { storage } = await context.engine();
  const owner = flags.string('owner')!;
  const wanted = settings.storage === undefined ? {} : { driver: settings.storage };
  await using layers = await storage.snapshotter({ ...wanted, owner });
  const { serveSnapshotter } = await import('../snapshotter-bundle.ts');
  const address = flags.string('address') ?? join(settings.run, 'snapshotter', `${layers.driver}.sock`);
  const { locks, log } = host(settings);
  await using _server = await serveSnapshotter({ snapshotter: layers, address, locks, log });
  const ready = { driver: layers.driver, owner, address };
  io.out(settings.json ? `${JSON.stringify(ready)}\n` : `Serving ${layers.driver} at ${address}\n`);
  if (!signal.aborted) await once(signal, 'abort');
  return {};
};
