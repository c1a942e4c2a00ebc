import {
  type ArgSpec,
  bool,
  type CommandSpec,
  filterFlag,
  forcePrompt,
  formatFlag,
  list,
  string,
} from './spec.ts';

const volume: ArgSpec = { name: 'VOLUME', complete: 'volume' };

export const volumeCommands: readonly CommandSpec[] = [
  {
    paths: ['volume create'],
    group: 'commands',
    summary: 'Create a volume',
    args: [{ name: 'VOLUME', optional: true }],
    flags: [
      string('d,driver', 'Volume driver', { default: 'local', complete: ['local'] }),
      list('label', 'Set metadata for a volume', { value: 'name[=value]' }),
    ],
    handler: 'createVolume',
    examples: [['strata run -v data:/var/lib/data …', 'makes the volume data as well']],
  },
  {
    paths: ['volume ls', 'volume list'],
    group: 'commands',
    summary: 'List volumes',
    args: [],
    flags: [filterFlag, formatFlag, bool('q,quiet', 'Only display volume names')],
    handler: 'listVolumes',
  },
  {
    paths: ['volume inspect'],
    group: 'commands',
    summary: 'Display detailed information on one or more volumes',
    args: [{ ...volume, repeat: true }],
    flags: [string('f,format', 'json or a Go template', { value: 'template' })],
    handler: 'inspectVolumes',
  },
  {
    paths: ['volume rm', 'volume remove'],
    group: 'commands',
    summary: 'Remove one or more volumes and what is in them',
    args: [{ ...volume, repeat: true }],
    flags: [bool('f,force', 'Do not error if the volume does not exist')],
    handler: 'removeVolumes',
  },
  {
    paths: ['volume prune'],
    group: 'commands',
    summary: 'Remove anonymous volumes no container uses',
    args: [],
    flags: [
      bool('a,all', 'Remove all unused volumes, not just anonymous ones'),
      list('filter', 'Filter: label=…, label!=…', { value: 'filter' }),
      forcePrompt,
    ],
    handler: 'pruneVolumes',
  },
];
