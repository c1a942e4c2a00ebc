import type { CommandContext, CommandResult, Handler } from '../context.ts';
import { readFilters } from '../fast/filters.ts';
import { json } from '../format/functions.ts';
import { compileTemplate, unescapeText } from '../format/template.ts';
import { humanSize } from '../format/units.ts';
import { defined } from '../options/defined.ts';
import { readPruneFilter, readVolumePruneFilter } from '../options/prune.ts';
import { containerRow } from '../views/container-view.ts';
import { diskRows, diskTables, diskView } from '../views/disk-view.ts';
import { eventLine, eventValue } from '../views/event-view.ts';
import { imageRows } from '../views/image-view.ts';
import { infoText, infoValue } from '../views/info-view.ts';
import { volumeRow } from '../views/volume-view.ts';
import { confirm } from './confirm.ts';
import { timeOf } from './logs.ts';

export const info: Handler = async (context) => {
  const { system } = await context.engine();
  const facts = await system.info();
  const format = context.flags.string('format');
  const values = [infoValue(facts)];
  return { output: { kind: 'objects', values, single: true, format, text: infoText(facts) } };
};

const EVENT_FILTERS = ['container', 'image', 'event', 'label', 'type', 'network', 'volume', 'layer'];

export const events: Handler = async (context) => {
  const { flags, settings, interrupt } = context;
  const filters = Object.fromEntries(readFilters(flags, 'filter', EVENT_FILTERS));
  const until = timeOf(context, 'until');
  const since = timeOf(context, 'since');
  const follow = until === undefined || until.getTime() > Date.now();
  const { system } = await context.engine();
  const source = system.events({ ...defined({ since, until }), follow, filters, signal: interrupt.signal });
  const format = flags.string('format') ?? (settings.json ? 'json' : undefined);
  const template =
    format === undefined || format === 'json' ? undefined : compileTemplate(unescapeText(format));
  return {
    output: {
      kind: 'stream',
      lines: (async function* () {
        for await (const event of source) {
          if (template !== undefined) yield template(eventValue(event));
          else yield format === 'json' ? json(eventValue(event)) : eventLine(event);
        }
      })(),
    },
  };
};

export const check: Handler = async (context) => {
  const { flags, settings, interrupt } = context;
  const repair = flags.bool('repair');
  const { system } = await context.engine();
  const findings = await system.check({ repair, deep: flags.bool('deep'), signal: interrupt.signal });
  const open = findings.filter((finding) => !finding.repaired);
  const exitCode = open.length > 0 ? 1 : 0;
  const format = flags.string('format');
  if (format !== undefined || settings.json) {
    return { output: { kind: 'objects', values: findings, format: format ?? 'json' }, exitCode };
  }
  const lines = findings.map(({ code, message, repaired, repair: mend }) => {
    const what = repaired ? 'repaired' : mend === undefined ? 'needs a decision' : `--repair would ${mend}`;
    return `${code}: ${message} (${what})`;
  });
  const summary =
    open.length === 0 ? 'The store is clean' : `${open.length} problem${open.length === 1 ? '' : 's'} found`;
  return { output: { kind: 'lines', lines: [...lines, summary] }, exitCode };
};

export const diskUsage: Handler = async (context) => {
  if (context.flags.bool('verbose')) return await eachUse(context);
  const { system } = await context.engine();
  const rows = diskRows(await system.diskUsage());
  return { output: { kind: 'table', rows, view: diskView, format: context.flags.string('format') } };
};

/** docker system df -v: a table each. */
async function eachUse(context: CommandContext): Promise<CommandResult> {
  const { flags } = context;
  if (flags.given('format')) throw flags.conflict('the verbose option cannot be used with --format');
  const { containers, images, volumes } = await context.engine();
  const [everyImage, everyContainer, everyVolume] = await Promise.all([
    images.list(),
    containers.list({ all: true, size: true }),
    volumes.list({ size: true }),
  ]);
  const rows = {
    images: everyImage.flatMap((image) => imageRows(image, { noTrunc: false })),
    containers: everyContainer.map((container) => containerRow(container, { noTrunc: false })),
    volumes: everyVolume.map(volumeRow),
  };
  return { output: { kind: 'lines', lines: diskTables(rows) } };
}

export const pruneSystem: Handler = async (context) => {
  const { flags } = context;
  const all = flags.bool('all');
  const images = all ? 'all images without at least one container associated to them' : 'all dangling images';
  const anonymous = flags.bool('volumes');
  const filter = anonymous ? readVolumePruneFilter(flags) : readPruneFilter(flags);
  const warning = [
    'This will remove:',
    '  - all stopped containers',
    '  - all networks not used by at least one container',
    ...(anonymous ? ['  - all anonymous volumes not used by at least one container'] : []),
    `  - ${images}`,
    '  - all layers nobody uses\n',
  ].join('\n');
  if (!(await confirm(context, warning))) return {};
  const { containers, images: catalog, networks, storage, volumes } = await context.engine();
  const stopped = await containers.prune(filter);
  const unused = await networks.prune(filter);
  const emptied = anonymous ? await volumes.prune(filter) : { removed: [], reclaimedBytes: 0 };
  const untagged = await catalog.prune({ all, ...filter });
  const layers = await storage.prune();
  const parts = [stopped, emptied, untagged, layers];
  const bytes = parts.reduce((sum, { reclaimedBytes }) => sum + reclaimedBytes, 0);
  const section = (title: string, names: readonly string[]) =>
    names.length > 0 ? [title, ...names, ''] : [];
  const lines = [
    ...section('Deleted Containers:', stopped.removed),
    ...section('Deleted Networks:', unused),
    ...section('Deleted Volumes:', emptied.removed),
    ...(untagged.removed.length > 0
      ? [
          'Deleted Images:',
          ...untagged.removed.map((one) =>
            one.untagged ? `untagged: ${one.untagged}` : `deleted: ${one.deleted}`,
          ),
          '',
        ]
      : []),
    `Total reclaimed space: ${humanSize(bytes)}`,
  ];
  return { output: { kind: 'lines', lines } };
};
