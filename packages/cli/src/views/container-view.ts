import type { ContainerSummary } from '@strata/engine';
import { ellipsis } from '../format/ellipsis.ts';
import { sprintf } from '../format/functions.ts';
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

/** Docker's fields of `ps --format`. */
export function containerRow(
  container: ContainerSummary,
  options: { noTrunc: boolean; now?: number },
): TableRow {
  const now = options.now ?? Date.now();
  const { size, mounts = [] } = container;
  const [program = '', ...rest] = container.command;
  const command = [program, ...rest.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
  const labels = Object.entries(container.labels).map(([name, value]) => `${name}=${value}`);
  return {
    Command: sprintf('%q', options.noTrunc ? command : ellipsis(command, 20)),
    CreatedAt: goTime(container.created),
    ID: options.noTrunc ? container.id : container.id.slice(0, 12),
    Image: familiarName(container.image),
    Label: (name: string) => container.labels[name] ?? '',
    Labels: labels.join(','),
    LocalVolumes: String(mounts.filter((source) => !source.startsWith('/')).length),
    Mounts: mounts.map((source) => (options.noTrunc ? source : ellipsis(source, 15))).join(','),
    Names: container.name,
    Networks: (container.networks ?? [container.network]).join(','),
    Ports: portsText(container.ports, container.exposedPorts),
    RunningFor: ago(container.created, now),
    Size: size === undefined ? '0B' : `${humanSize(size.own)} (virtual ${humanSize(size.virtual)})`,
    State: container.status === 'creating' ? 'created' : container.status,
    Status: statusText(container, now),
    Storage: container.storage,
  };
}
