/**
 * A package named by the user becomes a directory: `<directory>/node_modules/<name>` with its dependencies, a copy
 * of this Strata's `@strata/core` for the one peer, and `entry.mjs`, which imports it as any program would.
 * Nothing of the package runs: npm's scripts are off.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Host, StrataError } from '@strata/core';
import type { ImportModule } from './import-definition.ts';
import { explainNpm } from './package-error.ts';
import { treeDigest } from './tree-digest.ts';

export interface DriverPackage {
  readonly name: string;
  readonly version: string;
  /** As npm found it (`sha512-…` of the archive); of the installed files where npm gives none. */
  readonly integrity: string;
  /** Of every installed file. */
  readonly tree: string;
  /** What to install next time: the registry's name, or an absolute path. */
  readonly spec: string;
}

export interface InstallOptions {
  readonly host: Host;
  /** Directory of `@strata/core`: its package.json and dist/index.js are copied. */
  readonly corePackage: string;
  /** For npm beyond a scrubbed environment: its own settings and proxies. */
  readonly environment: Readonly<Record<string, string>>;
  readonly importModule?: ImportModule;
  readonly signal?: AbortSignal;
}

const REGISTRY_NAME = /^(?:@[a-z0-9~][a-z0-9-._~]*\/)?[a-z0-9~][a-z0-9-._~]*(?:@[\w.~^*<>=+-]+)?$/;
const TIMEOUT = 300_000;
export const ENTRY = 'entry.mjs';

/** Where the engine's own `@strata/core` is, when the program did not say. */
export function ownCorePackage(): string {
  return fileURLToPath(new URL('..', import.meta.resolve('@strata/core')));
}

/** A registry name stays, a path becomes absolute. @throws invalid-argument, not-found */
export function packageSpec(given: string, directory = process.cwd()): string {
  const looksLocal = /^[./~]/.test(given) || /\.(?:tgz|tar\.gz)$/.test(given);
  if (looksLocal) {
    const path = resolve(directory, given);
    if (existsSync(path)) return path;
    throw new StrataError('not-found', 'DRIVER_PACKAGE_NOT_FOUND', `There is no ${given}`, {
      hint: 'Name a directory with a package.json, an archive made by npm pack, or a package of the npm registry',
    });
  }
  if (REGISTRY_NAME.test(given)) return given;
  throw new StrataError(
    'invalid-argument',
    'DRIVER_PACKAGE_INVALID',
    `${given} is not the name of a package`,
    {
      hint: 'Use a name with or without @version, ./directory or file.tgz',
    },
  );
}

/** @param directory made here; the caller removes it when this throws */
export async function installPackage(
  given: string,
  directory: string,
  options: InstallOptions,
): Promise<DriverPackage> {
  const spec = packageSpec(given);
  const core = prepare(directory, options.corePackage);
  try {
    await withoutScripts(spec, directory, (source) => runNpm(directory, source, options));
  } catch (error) {
    throw explainNpm(error, given, core);
  }
  const name = installedName(directory);
  if (name === undefined)
    throw new StrataError('invalid-argument', 'DRIVER_PACKAGE_INVALID', `${given} holds no package`, {
      hint: 'A driver package has a package.json with a name and a version',
    });
  const manifest = readJson(join(directory, 'node_modules', name, 'package.json'));
  // By namespace, so that a package without a default export is told from one that fails on its way.
  const entry = `import * as all from ${JSON.stringify(name)};\nexport default all.default;\n`;
  writeFileSync(join(directory, ENTRY), entry);
  const tree = treeDigest(directory);
  const integrity = lockedIntegrity(directory, name) ?? tree;
  return { name, version: String(manifest.version), integrity, tree, spec };
}

/** The project npm installs into, with the one peer beside it. Returns the version of core. */
function prepare(directory: string, corePackage: string): string {
  const { name, version, license } = readJson(join(corePackage, 'package.json'));
  const core = join(directory, 'core');
  mkdirSync(core, { recursive: true, mode: 0o700 });
  copyFileSync(join(corePackage, 'dist/index.js'), join(core, 'index.js'));
  const manifest = { name, version, license, type: 'module', exports: './index.js' };
  writeFileSync(join(core, 'package.json'), JSON.stringify(manifest));
  const project = { private: true, dependencies: { '@strata/core': 'file:./core' } };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(project));
  return String(version);
}

/**
 * npm 9, which is Debian 12's, packs a directory before it installs it and runs `prepare` for that, whatever
 * `--ignore-scripts` says: it gets a copy that has none.
 */
async function withoutScripts(
  spec: string,
  directory: string,
  install: (spec: string) => Promise<void>,
): Promise<void> {
  const { scripts, ...rest } = isAbsolute(spec) ? manifestOf(spec) : {};
  if (scripts === undefined) return install(spec);
  const copy = join(directory, 'source');
  try {
    cpSync(spec, copy, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/^(?:node_modules|\.git)$/.test(basename(path)) || path === spec,
    });
    writeFileSync(join(copy, 'package.json'), JSON.stringify(rest));
    await install(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Nothing where there is none to read: npm says what is wrong. */
function manifestOf(directory: string): Record<string, unknown> {
  try {
    return readJson(join(directory, 'package.json'));
  } catch {
    return {};
  }
}

async function runNpm(directory: string, spec: string, options: InstallOptions): Promise<void> {
  const { host, environment, signal } = options;
  const beside = join(process.execPath, '../npm');
  const npm = (await host.exec.find('npm')) ?? (existsSync(beside) ? beside : 'npm');
  const flags = [
    '--ignore-scripts',
    '--install-links',
    '--omit=dev',
    '--no-audit',
    '--no-fund',
    '--global=false',
    // npm's own waits, 10 and 60 s, keep a person waiting minutes for what is broken; also for a wrong checksum.
    '--fetch-retry-mintimeout=500',
    '--fetch-retry-maxtimeout=2000',
  ];
  await host.exec.run(npm, ['install', `--prefix=${directory}`, ...flags, '--loglevel=error', '--', spec], {
    cwd: directory,
    env: environment,
    timeout: TIMEOUT,
    ...(signal === undefined ? {} : { signal }),
  });
}

function installedName(directory: string): string | undefined {
  const { dependencies } = readJson(join(directory, 'package.json'));
  return Object.keys(dependencies ?? {}).find((name) => name !== '@strata/core');
}

function lockedIntegrity(directory: string, name: string): string | undefined {
  const file = join(directory, 'node_modules/.package-lock.json');
  if (!existsSync(file)) return undefined;
  const packages = readJson(file).packages as Record<string, { integrity?: string }> | undefined;
  return packages?.[`node_modules/${name}`]?.integrity;
}

function readJson(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}
