import type { ContainerSummary } from '@strata/engine';
import { ellipsis } from '../format/ellipsis.ts';
import type { TableRow, TableView } from '../format/table.ts';
import { ago, goTime, humanDuration, humanSize } from '../format/units.ts';
import { familiarName } from './familiar-name.ts';
import { portsText } from './port-view.ts';

export const containerView: TableView = {
  headers: {
    ID: 'CONTAINER ID',
    Image: 'IMAGE',
    Command: 'COMMAND',
    CreatedAt: 'CREATED AT',
    RunningFor: 'CREATED',
    Status: 'STATUS',
    State: 'STATE',
    Ports: 'PORTS',
    Names: 'NAMES',
    Size: 'SIZE',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    Networks: 'NETWORKS',
    LocalVolumes: 'LOCAL VOLUMES',
    Storage: 'STORAGE',
  },
  columns: '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}',
  quiet: '{{.ID}}',
};

export const containerSizeView: TableView = {
  ...containerView,
  columns: `${containerView.columns}\t{{.Size}}`,
};

function statusText(container: ContainerSummary, now: number): string {
  const { status, startedAt, finishedAt, exitCode } = container;
  const up = startedAt === undefined ? '' : ` ${humanDuration(now - startedAt.getTime())}`;
  switch (status) {
    case 'running':
      return `Up${up}${healthText(container)}`;
    case 'paused':
      return `Up${up} (Paused)`;
    case 'restarting':
      return `Restarting (${exitCode ?? 255})${finishedAt === undefined ? '' : ` ${ago(finishedAt, now)}`}`;
    case 'exited':
      return `Exited (${exitCode ?? 255})${finishedAt === undefined ? '' : ` ${ago(finishedAt, now)}`}${container.oomKilled ? ' (out of memory)' : ''}`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    default:
      return 'Created';
  }
}

function healthText({ health }: ContainerSummary): string {
  if (health === undefined) return '';
  return health === 'starting' ? ' (health: starting)' : ` (${health})`;
}

interface RowOptions {
  readonly noTrunc: boolean;
  readonly now: number;
}

function commandText({ command }: ContainerSummary, { noTrunc }: RowOptions): string {
  const [program = '', ...rest] = command;
  const whole = [program, ...rest.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
  return JSON.stringify(noTrunc ? whole : ellipsis(whole, 20));
}

/** Docker's fields of `ps --format`. */
const fields: Readonly<Record<string, (container: ContainerSummary, options: RowOptions) => unknown>> = {
  Command: commandText,
  CreatedAt: ({ created }) => goTime(created),
  ID: (container, { noTrunc }) => idRow(container, noTrunc).ID,
  Image: ({ image }) => familiarName(image),
  Label:
    ({ labels }) =>
    (name: string) =>
      labels[name] ?? '',
  Labels: ({ labels }) =>
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  LocalVolumes: ({ mounts = [] }) => String(mounts.filter((source) => !source.startsWith('/')).length),
  Mounts: ({ mounts = [] }, { noTrunc }) =>
    mounts.map((source) => (noTrunc ? source : ellipsis(source, 15))).join(','),
  Names: ({ name }) => name,
  Networks: ({ networks, network }) => (networks ?? [network]).join(','),
  Ports: ({ ports, exposedPorts }) => portsText(ports, exposedPorts),
  RunningFor: ({ created }, { now }) => ago(created, now),
  Size: ({ size }) =>
    size === undefined ? '0B' : `${humanSize(size.own)} (virtual ${humanSize(size.virtual)})`,
  State: ({ status }) => (status === 'creating' ? 'created' : status),
  Status: (container, { now }) => statusText(container, now),
  Storage: ({ storage }) => storage,
};

/** `only`: when no other fields are asked for. */
export function containerRow(
  container: ContainerSummary,
  options: {
    readonly noTrunc: boolean;
    readonly now?: number;
    readonly only?: readonly string[] | undefined;
  },
): TableRow {
  const { noTrunc, now = Date.now(), only = Object.keys(fields) } = options;
  const asked = { noTrunc, now };
  const row: Record<string, unknown> = {};
  for (const name of only) row[name] = fields[name]!(container, asked);
  return row;
}

/** Of `ps -aq`, for which nothing else need be known. */
export function idRow({ id }: Pick<ContainerSummary, 'id'>, noTrunc: boolean): TableRow {
  return { ID: noTrunc ? id : id.slice(0, 12) };
}
