import { benchCommands } from './bench.ts';
import { containerCommands } from './containers.ts';
import { driverCommands } from './drivers.ts';
import { imageCommands } from './images.ts';
import { migrateCommands } from './migrate.ts';
import { networkCommands } from './networks.ts';
import { snapshotterCommands } from './snapshotter.ts';
import type { CommandSpec, GroupSpec } from './spec.ts';
import { systemCommands } from './system.ts';
import { volumeCommands } from './volumes.ts';

export const groups: readonly GroupSpec[] = [
  { name: 'container', summary: 'Manage containers' },
  { name: 'driver', summary: 'Manage drivers' },
  { name: 'image', summary: 'Manage images' },
  { name: 'network', summary: 'Manage networks' },
  { name: 'storage', summary: 'Manage layer drivers and their pools' },
  { name: 'system', summary: 'Manage Strata' },
  { name: 'volume', summary: 'Manage volumes' },
];

export const commands: readonly CommandSpec[] = [
  ...containerCommands,
  ...migrateCommands,
  ...imageCommands,
  ...networkCommands,
  ...systemCommands,
  ...volumeCommands,
  ...driverCommands,
  ...benchCommands,
  ...snapshotterCommands,
];
