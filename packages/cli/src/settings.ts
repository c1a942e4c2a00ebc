import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { EngineConfig } from '@strata/engine';
import { globalValue } from './parse/flag-reader.ts';
import type { FlagValues } from './parse/flags.ts';
import { UsageError } from './parse/usage-error.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

/** What holds for the whole process: flag, else environment, else configuration file, else default. */
export interface Settings {
  readonly root: string;
  readonly run: string;
  /** Layer driver the user asked for on the command line or in the environment. */
  readonly storage: string | undefined;
  readonly debug: boolean;
  readonly json: boolean;
  readonly logLevel: LogLevel;
  readonly config: EngineConfig;
  /** Where `config` was read, when it was not the default place. */
  readonly configFile: string | undefined;
  /** How long a process waits for commands to come; 0: none does. */
  readonly standbySeconds: number;
}

/** `config.toml`: the engine's configuration and where the store is. */
export type FileConfig = EngineConfig & {
  readonly root?: string;
  readonly run?: string;
  readonly standby?: number;
};

const DEFAULT_CONFIG = '/etc/strata/config.toml';

async function readConfig(named: string | undefined): Promise<FileConfig> {
  const file = named ?? DEFAULT_CONFIG;
  if (named === undefined && !existsSync(file)) return {};
  const { loadConfig } = await import('./config/load-config.ts');
  return loadConfig(file);
}

export async function readSettings(values: FlagValues, env: NodeJS.ProcessEnv): Promise<Settings> {
  const text = (name: string): string | undefined => {
    const value = globalValue(name, values, env);
    return value === undefined || value === '' ? undefined : String(value);
  };
  const configFile = text('config');
  const { root, run, standby, ...config } = await readConfig(configFile);
  const debug = globalValue('debug', values, env) === true;
  return {
    root: absolute(text('root') ?? root ?? '/var/lib/strata'),
    run: absolute(text('run') ?? run ?? '/run/strata'),
    storage: text('storage'),
    debug,
    json: globalValue('json', values, env) === true,
    logLevel: logLevel(text('log-level') ?? (debug ? 'debug' : 'warn')),
    config,
    configFile: configFile === undefined ? undefined : absolute(configFile),
    standbySeconds: standbySeconds(env.STRATA_STANDBY) ?? standby ?? STANDBY_SECONDS,
  };
}

const STANDBY_SECONDS = 60;

function standbySeconds(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'off') return 0;
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new UsageError('FLAG_INVALID', `STRATA_STANDBY is "${text}"`, {
    hint: 'it is a number of seconds below 100000, or off',
  });
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(path);
}

function logLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level === undefined) {
    const hint = `use one of ${LOG_LEVELS.join(', ')}`;
    throw new UsageError('FLAG_INVALID', `unknown log level "${text}"`, { hint });
  }
  return level;
}
