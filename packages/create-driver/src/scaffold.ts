import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Kind, namesFrom, pascalCase } from './names.ts';

export interface ScaffoldRequest {
  readonly kind: Kind;
  /** `zfs`, or a package name that ends in `strata-driver-zfs`. */
  readonly name: string;
  /** Default: the package name without scope, in the current directory. */
  readonly directory?: string;
  /** Directory with `npm pack` archives to use instead of published @strata packages. */
  readonly packages?: string;
}

const root = resolve(import.meta.dirname, '..');
/** Names that would mean something to tools where the templates are. */
const RENAMED: Readonly<Record<string, string>> = {
  _gitignore: '.gitignore',
  '_biome.json': 'biome.json',
  '_package.json': 'package.json',
  '_pnpm-workspace.yaml': 'pnpm-workspace.yaml',
};

/** Write a driver package. Returns its directory. @throws Error with one sentence; nothing is written then */
export function scaffold(request: ScaffoldRequest): string {
  const { id, packageName } = namesFrom(request.name);
  const directory = resolve(request.directory ?? basename(packageName));
  if (existsSync(directory) && readdirSync(directory).length > 0)
    throw new Error(`${directory} is not empty: choose another directory with --directory`);
  const archives = request.packages === undefined ? {} : archivesIn(resolve(request.packages));
  const fill = filler({ ...request, id, packageName });
  for (const template of ['common', request.kind]) {
    const from = join(root, 'templates', template);
    for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' }).sort()) {
      if (/(?:^|\/)(?:src|test)$/.test(name)) continue;
      const target = join(directory, dirname(name), RENAMED[basename(name)] ?? fill(basename(name)));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(
        target,
        withArchives(basename(target), fill(readFileSync(join(from, name), 'utf8')), archives),
      );
    }
  }
  return directory;
}

/** Templates are working code whose driver is called `example`. */
function filler({ kind, id, packageName }: ScaffoldRequest & { id: string; packageName: string }) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return (text: string): string =>
    text
      .replaceAll('@SCOPED_NAME@', packageName)
      .replaceAll('@KIND@', kind)
      .replaceAll('@STRATA_VERSION@', version)
      .replaceAll('EXAMPLE', id.toUpperCase().replaceAll('-', '_'))
      .replaceAll('Example', pascalCase(id))
      .replaceAll('example', id);
}

/** `@strata/core` and the others → `file:` of its archive: before they are published, or to try a change of them. */
function archivesIn(directory: string): Record<string, string> {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const found = names.flatMap((name) => {
    const [, bare] = /^strata-(.*)-\d+\.\d+\.\d+.*\.tgz$/.exec(name) ?? [];
    return bare === undefined ? [] : [[`@strata/${bare}`, `file:${join(directory, name)}`]];
  });
  if (found.length === 0)
    throw new Error(`There are no archives of @strata packages in ${directory}: make them with npm pack`);
  return Object.fromEntries(found);
}

/** npm takes what they depend on themselves from the manifest, pnpm from its overrides. */
function withArchives(file: string, text: string, archives: Record<string, string>): string {
  const all = Object.entries(archives);
  if (all.length === 0) return text;
  if (file === 'pnpm-workspace.yaml')
    return `${text}overrides:\n${all.map((pair) => `  ${pair.map((part) => JSON.stringify(part)).join(': ')}\n`).join('')}`;
  if (file !== 'package.json') return text;
  const manifest = JSON.parse(text) as { devDependencies: Record<string, string> };
  Object.assign(manifest.devDependencies, archives);
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
