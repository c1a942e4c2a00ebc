import { listContainers, listImages, listNetworkNames } from '@strata/engine/queries';
import { createDatabases } from '@strata/host/database';
import type { CommandContext, Handler } from '../context.ts';
import type { Completion } from '../table/spec.ts';
import { familiarName } from '../views/familiar-name.ts';
import { candidatesFor } from './candidates.ts';

type Word = readonly [word: string, description: string];

const DRIVERS: readonly Word[] = [
  ['overlay', 'overlayfs'],
  ['btrfs', 'btrfs subvolumes'],
  ['vfs', 'plain copies'],
];

function lookUp(kind: Completion | undefined, { settings }: CommandContext): readonly Word[] {
  if (kind === undefined) return [];
  if (Array.isArray(kind)) return kind.map((word) => [word, ''] as const);
  if (kind === 'storage') return DRIVERS;
  if (kind === 'network')
    return ['bridge', 'host', 'none', ...listNetworkNames(createDatabases(), settings.root)]
      .filter((name, at, all) => all.indexOf(name) === at)
      .map((name) => [name, ''] as const);
  if (kind === 'image') {
    return listImages(createDatabases(), settings.root, {}).flatMap(({ names }) =>
      names.map((name) => [familiarName(name), ''] as const),
    );
  }
  if (kind === 'container' || kind === 'running') {
    const found = listContainers(createDatabases(), settings.root, { all: kind === 'container' });
    return found.map(({ name, image, status }) => [name, `${image}, ${status}`] as const);
  }
  return [];
}

/** A line per candidate: the word, a tab, what it is. `:file` and `:directory` leave it to the shell. */
export const handler: Handler = async (context) => {
  const { words, lookup, prefix, before } = candidatesFor(context.args);
  if (lookup === 'file' || lookup === 'directory')
    return { output: { kind: 'lines', lines: [`:${lookup}`] } };
  const all = [...words, ...lookUp(lookup, context)].filter(([word]) => word.startsWith(prefix));
  const lines = all.map(([word, description]) =>
    description === '' ? before + word : `${before}${word}\t${description}`,
  );
  return { output: { kind: 'lines', lines } };
};
