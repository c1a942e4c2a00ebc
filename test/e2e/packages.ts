import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { invoke } from '@strata/test-fixtures';

const repository = resolve(import.meta.dirname, '../..');

/** npm with a cache that outlives the tests and what an install prints left out. */
const quiet = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_loglevel: 'error' };

export async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await invoke(program, args, { cwd, env: { ...quiet, NO_COLOR: '1' } });
  if (code !== 0)
    throw new Error(`${program} ${args.join(' ')} in ${cwd} exited ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** The archives npm would publish of what a driver's author installs. The packages must have been built. */
export async function packWorkspace(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  for (const name of ['core', 'host', 'native', 'conformance'])
    await run('pnpm', ['pack', '--pack-destination', directory], join(repository, 'packages', name));
}

/** The archive npm would publish of one of the repository's drivers. */
export async function packed(driver: string, directory: string): Promise<string> {
  const out = await run(
    'npm',
    ['pack', '--silent', '--pack-destination', directory],
    join(repository, 'drivers', driver),
  );
  return join(directory, out.trim());
}

/** What `npm create strata-driver` runs. */
export function create(cwd: string, ...args: readonly string[]): Promise<string> {
  const main = join(repository, 'packages/create-driver/dist/main.js');
  return run(process.execPath, [main, ...args], cwd);
}

export interface Fixture {
  readonly name: string;
  readonly version?: string;
  /** Of the module that is its entry. */
  readonly code: string;
  readonly manifest?: Readonly<Record<string, unknown>>;
}

/** A driver package without a build, written by hand. */
export function writePackage(
  directory: string,
  { name, version = '1.0.0', code, manifest }: Fixture,
): string {
  const target = join(directory, name.replaceAll('/', '-'));
  mkdirSync(target, { recursive: true });
  const fields = { name, version, type: 'module', exports: './index.js', ...manifest };
  writeFileSync(join(target, 'package.json'), JSON.stringify(fields));
  writeFileSync(join(target, 'index.js'), code);
  return target;
}

/** Installed once, used by several packages with the same dependencies. */
export function shareModules(from: string, to: string): void {
  const target = join(to, 'node_modules');
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(from, 'node_modules'), target, { recursive: true, verbatimSymlinks: true });
}
