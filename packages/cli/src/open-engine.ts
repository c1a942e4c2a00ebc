import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AnyDriverDefinition, Host } from '@strata/core';
import { createEngine, type Engine } from '@strata/engine';
import { createHost } from '@strata/host';
import { builtinDrivers } from './builtins.ts';
import { type CodeKeeper, codeKeeper } from './code-keeper.ts';
import type { Settings } from './settings.ts';

/** Folder of this file: `src` from source, `dist` in the built program. */
const here = dirname(fileURLToPath(import.meta.url));
const isSource = import.meta.url.endsWith('.ts');

let opened: { readonly settings: Settings; readonly host: Host } | undefined;

/** The operating system of this command's process, made once. */
export function host(settings: Settings): Host {
  if (opened?.settings === settings) return opened.host;
  const bootstrap = join(here, 'worker-bootstrap.cjs');
  const made = createHost({
    logLevel: settings.logLevel,
    mountDirectory: join(settings.run, 'mounts'),
    ...(!isSource && existsSync(bootstrap) ? { workerBootstrap: pathToFileURL(bootstrap) } : {}),
  });
  opened = { settings, host: made };
  return made;
}

/** Threads end with their process; one that goes on ends them. */
export async function closeHost(): Promise<void> {
  const closing = opened;
  opened = undefined;
  await closing?.host.workers.close();
}

/** Program and arguments that start this command again. */
export function ownProgram(): readonly string[] {
  const program = isSource
    ? ['--conditions=source', '--no-warnings', join(here, 'main.ts')]
    : [join(here, 'main.cjs')];
  return [process.execPath, ...program];
}

/** URL of a module that exports `createHost`, for other processes. */
export function hostModule(): string {
  return isSource ? import.meta.resolve('@strata/host') : pathToFileURL(join(here, 'host.cjs')).href;
}

/** URL of a module whose default export is this built-in network driver, ready for its suite, for other processes. */
export function builtinModule({ kind, id }: AnyDriverDefinition): string {
  const name = `driver-${kind}-${id}`;
  if (!isSource) return pathToFileURL(join(here, `${name}.mjs`)).href;
  const index = import.meta.resolve(`@strata/${name}`);
  const suite = new URL('suite.ts', index);
  return existsSync(suite) ? suite.href : index;
}

/** A real `import()`: in the built program, which is CommonJS, the bundler makes `require` of the written one. */
export const importModule = (codeKeeper()?.importModule ??
  new Function('url', 'return import(url)')) as CodeKeeper['importModule'];

/** What npm goes by: its own settings, proxies and certificates. Nothing else of our environment reaches it. */
function npmEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const passed = /^npm_config_|^(?:https?|no|all)_proxy$|^NODE_EXTRA_CA_CERTS$|^NPM_TOKEN$|^HOME$/i;
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && passed.test(name) ? [[name, value]] : [],
    ),
  );
}

/** How we are called back over the same store: by a monitor, which appends the container's id, and by ourselves. */
function callBack({ root, run, configFile }: Settings, verb: string): readonly string[] {
  const config = configFile === undefined ? [] : ['--config', configFile];
  return [...ownProgram(), '--root', root, '--run', run, ...config, verb];
}

export async function openEngine(settings: Settings): Promise<Engine> {
  const { root, run, storage, config } = settings;
  return createEngine({
    root,
    run,
    host: host(settings),
    drivers: builtinDrivers,
    // What the user asked for now goes before the configuration file, for every verb.
    config: storage === undefined ? config : { ...config, storage },
    exitCommand: callBack(settings, 'reap'),
    keepCommand: callBack(settings, 'keep'),
    driverPackages: {
      npmEnvironment: npmEnvironment(process.env),
      importModule,
      ...(isSource ? {} : { corePackage: join(here, 'core') }),
    },
  });
}
