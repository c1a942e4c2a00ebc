import { bool, type CommandSpec, string } from './spec.ts';

export const migrateCommands: readonly CommandSpec[] = [
  {
    paths: ['migrate', 'container migrate'],
    group: 'commands',
    summary: 'Move stopped containers to another layer driver',
    description:
      'The image is unpacked for the new driver when it is not yet. What the container changed is copied, then every\nfile of both copies is compared: content, owner, mode, times, extended attributes, hard links, deletions. Only\nthen the container is switched over, and the old copy is removed. An interrupted migration leaves the container\nas it was, or moved.',
    args: [{ name: 'CONTAINER', optional: true, repeat: true, complete: 'container' }],
    flags: [
      bool('a,all', 'Move all containers that are on another driver'),
      bool('q,quiet', 'Only print the names of the containers that were moved'),
      string('to', 'Layer driver to move to', { value: 'driver', complete: 'storage' }),
    ],
    handler: 'migrate',
    examples: [
      ['strata migrate web --to=btrfs', 'a stopped container to btrfs'],
      ['strata image unpack --storage=btrfs nginx', 'the long part of it ahead of time'],
    ],
  },
];
