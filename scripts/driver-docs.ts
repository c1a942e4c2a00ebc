/**
 * Keeps docs/drivers.md true: the table of capabilities comes from what the drivers declare, the example from the
 * template that the tests scaffold, build and run. Run it after a change of either:
 * node --conditions=source scripts/driver-docs.ts
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DriverContext, DriverDefinition } from '@strata/core';

const repository = resolve(import.meta.dirname, '..');
export const driversPage = join(repository, 'docs/drivers.md');

const columns = [
  'independentUnpack',
  'directoryRename',
  'stableInodes',
  'quota',
  'nativeChanges',
  'clone',
  'sharedPageCache',
  'maxDepth',
] as const;

/** The page with everything between `<!-- begin X -->` and `<!-- end X -->` made anew. */
export async function currentDriversPage(page: string): Promise<string> {
  let text = replaceSection(page, 'capabilities', await capabilityTable());
  for (const [, file] of page.matchAll(/<!-- begin (templates\/\S+) -->/g)) {
    const code = readFileSync(join(repository, 'packages/create-driver', file!), 'utf8').trimEnd();
    const language = file!.endsWith('.json') ? 'json' : 'ts';
    text = replaceSection(text, file!, `\`\`\`${language}\n${code}\n\`\`\``);
  }
  return text;
}

function replaceSection(page: string, name: string, content: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${driversPage} has no section ${name}`);
  return `${page.slice(0, from + begin.length)}\n${content}\n${page.slice(to)}`;
}

async function capabilityTable(): Promise<string> {
  const folders = readdirSync(join(repository, 'drivers')).filter((name) =>
    existsSync(join(repository, 'drivers', name, 'src/index.ts')),
  );
  const rows: string[] = [];
  for (const folder of folders.sort()) {
    const url = pathToFileURL(join(repository, 'drivers', folder, 'src/index.ts')).href;
    const { default: definition } = (await import(url)) as { default: DriverDefinition };
    if (definition.kind !== 'layer') continue;
    const make = (pool: boolean) => (definition as DriverDefinition<'layer'>).create(somewhere(pool));
    const [plain, pooled] = [(await make(false)).capabilities, (await make(true)).capabilities];
    const cells = columns.map((name) => {
      const [value, inPool] = [shown(plain[name]), shown(pooled[name])];
      if (value === inPool || definition.pool === undefined) return value;
      return inPool === 'yes' ? 'in a pool' : `${value}, in a pool ${inPool}`;
    });
    rows.push(`| ${[definition.id, ...cells].join(' | ')} |`);
  }
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(['driver', ...columns]), line(['---', ...columns.map(() => '---')]), ...rows].join('\n');
}

function shown(value: boolean | number): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value === Number.MAX_SAFE_INTEGER ? 'any' : String(value);
}

/** A host that knows nothing but whether the root is a filesystem of the driver's own: declarations depend on no more. */
function somewhere(pool: boolean): DriverContext {
  const root = '/nowhere';
  const own = { id: 1, parent: 0, root: '/', target: root, type: 'none', source: 'none', options: [] };
  const silent = new Proxy({}, { get: () => async () => [] });
  const mounter = { list: async () => (pool ? [own] : []) };
  const host = new Proxy({ mounter }, { get: (known, name) => Reflect.get(known, name) ?? silent });
  const { signal } = new AbortController();
  const context = { root, runDirectory: root, options: {}, host, log: silent, signal };
  return context as unknown as DriverContext;
}

if (process.argv[1] === import.meta.filename)
  writeFileSync(driversPage, await currentDriversPage(readFileSync(driversPage, 'utf8')));
