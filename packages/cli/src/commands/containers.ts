import type { CommandContext, Handler } from '../context.ts';
import { tabulate } from '../format/table.ts';
import { humanSize } from '../format/units.ts';
import { readPruneFilter } from '../options/prune.ts';
import { confirm } from './confirm.ts';

/** Docker's `top` has wider columns than its other tables. */
const TOP_COLUMN = 20;

export const top: Handler = async (context) => {
  const [container = '', ...psArguments] = context.args;
  const { containers } = await context.engine();
  const { titles, rows } = await containers.top(container, psArguments.length > 0 ? psArguments : undefined);
  return { output: { kind: 'lines', lines: tabulate([titles, ...rows], TOP_COLUMN) } };
};

/** Raw bytes: names need not be UTF-8. */
export const diff: Handler = async (context) => {
  const { containers } = await context.engine();
  const changes = await containers.diff(context.args[0]!);
  if (context.settings.json) {
    const values = changes.map(({ kind, path }) => ({ Kind: kind, Path: path.toString() }));
    return { output: { kind: 'objects', values, format: 'json' } };
  }
  const newline = Buffer.from('\n');
  context.io.out(
    Buffer.concat(changes.flatMap(({ kind, path }) => [Buffer.from(`${kind} `), path, newline])),
  );
  return {};
};

async function pruneStopped(context: CommandContext): Promise<readonly string[]> {
  const filter = readPruneFilter(context.flags);
  const { containers } = await context.engine();
  const { removed, reclaimedBytes } = await containers.prune(filter);
  const list = removed.length > 0 ? ['Deleted Containers:', ...removed, ''] : [];
  return [...list, `Total reclaimed space: ${humanSize(reclaimedBytes)}`];
}

export const pruneContainers: Handler = async (context) => {
  if (!(await confirm(context, 'This will remove all stopped containers.'))) return {};
  return { output: { kind: 'lines', lines: await pruneStopped(context) } };
};
