import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Host } from '@strata/core';
import { createEngine, type Engine } from '@strata/engine';
import { createHost } from '@strata/host';
import { builtinDrivers } from './builtins.ts';
import type { Settings } from './settings.ts';

/** Folder of this file: `src` from source, `dist` in the built program. */
const here = dirname(fileURLToPath(import.meta.url));
const isSource = import.meta.url.endsWith('.ts');

let opened: Host | undefined;

/** The operating system of this process, made once. */
export function host(settings: Settings): Host {
  const bootstrap = join(here, 'worker-bootstrap.cjs');
  opened ??= createHost({
    logLevel: settings.logLevel,
    ...(!isSource && existsSync(bootstrap) ? { workerBootstrap: pathToFileURL(bootstrap) } : {}),
  });
  return opened;
}

/** How a monitor calls us back; the container's id is appended. */
function exitCommand({ root, run, configFile }: Settings): readonly string[] {
  const program = isSource
    ? ['--conditions=source', '--no-warnings', join(here, 'main.ts')]
    : [join(here, 'main.cjs')];
  const config = configFile === undefined ? [] : ['--config', configFile];
  return [process.execPath, ...program, '--root', root, '--run', run, ...config, 'reap'];
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
    exitCommand: exitCommand(settings),
  });
}
