/** @module Man pages and docs/cli.md, from the table. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Handler } from '../context.ts';
import { UsageError } from '../parse/usage-error.ts';
import { commands } from '../table/index.ts';
import { manPage, manRoot } from './man.ts';
import { markdown } from './markdown.ts';

/** `strata __manual man DIRECTORY` or `strata __manual markdown`. */
export const handler: Handler = async ({ args, command }) => {
  const [kind, directory] = args;
  if (kind === 'markdown') return { output: { kind: 'lines', lines: [markdown().trimEnd()] } };
  if (kind !== 'man' || directory === undefined) {
    throw new UsageError('ARGUMENT_INVALID', 'expected "man DIRECTORY" or "markdown"', { command });
  }
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'strata.1'), manRoot());
  for (const spec of commands.filter(({ group }) => group !== 'hidden')) {
    writeFileSync(join(directory, `strata-${spec.paths[0].replaceAll(' ', '-')}.1`), manPage(spec));
  }
  return {};
};
