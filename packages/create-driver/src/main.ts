#!/usr/bin/env node
/** @module `npm create strata-driver`: asks what it was not told, and writes a driver package. */
import { relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { isKind, type Kind, kinds, namesFrom } from './names.ts';
import { scaffold } from './scaffold.ts';

const help = `Usage: create-strata-driver [--kind ${kinds.join('|')}] [--name NAME] [--directory DIRECTORY]

Writes a driver package that builds, types, lints and passes its conformance suite.
Asks for kind and name when they are not given.

  --kind KIND        ${kinds.join(', ')}
  --name NAME        what users will type (zfs), or the package's name (@you/strata-driver-zfs)
  --directory DIR    where to write it; default: the package's name
  --packages DIR     take @strata packages from archives in this directory (npm pack)
  --help             show this
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kind: { type: 'string' },
      name: { type: 'string' },
      directory: { type: 'string' },
      packages: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const kind = await answer(values.kind, `Kind of driver (${kinds.join(', ')})`, checkKind);
  const name = await answer(values.name, 'Name', (text) => {
    namesFrom(text);
    return text;
  });
  const { directory, packages } = values;
  const written = scaffold({
    kind,
    name,
    ...(directory === undefined ? {} : { directory }),
    ...(packages === undefined ? {} : { packages }),
  });
  const where = relative(process.cwd(), written) || '.';
  const npm = process.env['npm_config_user_agent']?.startsWith('pnpm/') ? 'pnpm' : 'npm';
  process.stdout.write(`Wrote the ${kind} driver to ${where}. Next:

  cd ${where}
  ${npm} install
  ${npm} test${' '.repeat(27 - npm.length)}# as root: the suite mounts and makes filesystems
  ${npm} pack && strata driver add ./*.tgz
`);
}

function checkKind(text: string): Kind {
  if (isKind(text)) return text;
  throw new Error(`"${text}" is not a kind of driver: use one of ${kinds.join(', ')}`);
}

/** What was given, checked; else asked until it is right. Without a terminal nobody can be asked. */
async function answer<T>(
  given: string | undefined,
  question: string,
  check: (text: string) => T,
): Promise<T> {
  if (given !== undefined) return check(given);
  if (!process.stdin.isTTY) throw new Error('Give --kind and --name, or run it in a terminal to be asked');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    for (;;) {
      const text = (await terminal.question(`${question}: `)).trim();
      try {
        return check(text);
      } catch (error) {
        process.stdout.write(`${(error as Error).message}\n`);
      }
    }
  } finally {
    terminal.close();
  }
}

main().catch((error: Error) => {
  process.stderr.write(`create-strata-driver: ${error.message}\n`);
  process.exitCode = 1;
});
