import type { Handler } from '../context.ts';
import { humanSize } from '../format/units.ts';
import { driverRow, storageView } from '../views/driver-view.ts';
import { confirm } from './confirm.ts';

export const listStorage: Handler = async (context) => {
  const { storage } = await context.engine();
  const rows = (await storage.drivers('layer')).map(driverRow);
  return { output: { kind: 'table', rows, view: storageView, format: context.flags.string('format') } };
};

export const initStorage: Handler = async (context) => {
  const { flags, args, settings, io, interrupt } = context;
  const { storage } = await context.engine();
  const status = await storage.init(args[0]!, {
    sizeBytes: flags.number('size')!,
    signal: interrupt.signal,
    onProgress: (event) => {
      if (event.kind === 'message' && !settings.json) io.err(`${event.text}\n`);
    },
  });
  const { pool } = status;
  const size = pool === undefined ? '' : ` in a pool of ${humanSize(pool.sizeBytes)} at ${pool.file}`;
  return { output: { kind: 'lines', lines: [`${status.id} is ready${size}`] } };
};

export const pruneStorage: Handler = async (context) => {
  if (!(await confirm(context, 'This will remove all layers that no image or container uses.'))) return {};
  const { storage } = await context.engine();
  const { removedLayers, reclaimedBytes } = await storage.prune();
  return {
    output: {
      kind: 'lines',
      lines: [`Removed layers: ${removedLayers}`, `Total reclaimed space: ${humanSize(reclaimedBytes)}`],
    },
  };
};
