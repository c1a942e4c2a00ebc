import { readFileSync } from 'node:fs';
import { StrataError } from '@strata/core';
import { parse } from 'smol-toml';
import { LEAST_DISK } from '../options/limits.ts';
import { parseBytes } from '../parse/values.ts';
import type { FileConfig } from '../settings.ts';

type Table = Readonly<Record<string, unknown>>;

const KNOWN = [
  'root',
  'run',
  'storage',
  'storage-opt',
  'image',
  'runtime',
  'cgroup',
  'network',
  'durable',
  'log',
  'options',
  'standby',
];
const MAXIMUM_BYTES = 1 << 20;

function invalid(file: string, problem: string, cause?: unknown): StrataError {
  return new StrataError('invalid-argument', 'CONFIG_INVALID', `${file}: ${problem}`, {
    hint: 'see docs/cli.md, section Configuration',
    cause,
  });
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function readTable(file: string): Table {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(file, `cannot be read: ${(error as Error).message}`, error);
  }
  if (text.length > MAXIMUM_BYTES) throw invalid(file, 'is larger than 1 MiB');
  try {
    return parse(text);
  } catch (error) {
    throw invalid(file, `is not valid TOML: ${(error as Error).message.split('\n')[0]}`, error);
  }
}

/** Read and check the configuration file. @throws invalid-argument `CONFIG_INVALID`, naming the file and the key */
export function loadConfig(file: string): FileConfig {
  const table = readTable(file);
  for (const name of Object.keys(table)) {
    if (!KNOWN.includes(name)) throw invalid(file, `unknown key "${name}"; the keys are ${KNOWN.join(', ')}`);
  }
  const text = (name: string): { [key: string]: string } => {
    const value = table[name];
    if (value === undefined) return {};
    if (typeof value !== 'string' || value === '') throw invalid(file, `"${name}" must be text`);
    return { [name]: value };
  };
  const { durable, standby } = table;
  if (standby !== undefined && !(Number.isSafeInteger(standby) && Number(standby) >= 0))
    throw invalid(file, '"standby" must be a whole number of seconds; 0 is off');
  if (durable !== undefined && typeof durable !== 'boolean')
    throw invalid(file, '"durable" must be true or false');
  const options = driverOptions(file, table.options);
  const log = logOptions(file, table.log);
  const disk = diskOptions(file, table['storage-opt']);
  return {
    ...text('root'),
    ...text('run'),
    ...text('storage'),
    ...text('image'),
    ...text('runtime'),
    ...text('cgroup'),
    ...text('network'),
    ...(durable === undefined ? {} : { durable }),
    ...(standby === undefined ? {} : { standby: Number(standby) }),
    ...(log === undefined ? {} : { log }),
    ...(disk === undefined ? {} : { disk }),
    ...(options === undefined ? {} : { options }),
  };
}

function logOptions(file: string, log: unknown): FileConfig['log'] {
  if (log === undefined) return undefined;
  if (!isTable(log)) throw invalid(file, '"log" must be a table');
  for (const name of Object.keys(log)) {
    if (name !== 'max-size' && name !== 'max-files') {
      throw invalid(file, `unknown key "log.${name}"; the keys are max-size, max-files`);
    }
  }
  const { 'max-size': size, 'max-files': files } = log;
  const maxBytes = size === undefined ? undefined : parseBytes(String(size));
  if (size !== undefined && maxBytes === undefined)
    throw invalid(file, '"log.max-size" must be a size such as "10m"');
  if (files !== undefined && (!Number.isSafeInteger(files) || Number(files) < 1)) {
    throw invalid(file, '"log.max-files" must be a whole number above 0');
  }
  return {
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(files === undefined ? {} : { maxFiles: Number(files) }),
  };
}

/** `[storage-opt]`: the limit of containers made without `--storage-opt`. */
function diskOptions(file: string, table: unknown): FileConfig['disk'] {
  if (table === undefined) return undefined;
  if (!isTable(table)) throw invalid(file, '"storage-opt" must be a table');
  for (const name of Object.keys(table))
    if (name !== 'size' && name !== 'backing')
      throw invalid(file, `unknown key "storage-opt.${name}"; the keys are size, backing`);
  const { size, backing } = table;
  const sizeBytes = parseBytes(String(size));
  if (sizeBytes === undefined || sizeBytes < LEAST_DISK)
    throw invalid(file, '"storage-opt.size" must be a size of at least 1m, such as "10G"');
  if (backing !== undefined && backing !== 'loop')
    throw invalid(file, '"storage-opt.backing" can only be "loop"');
  return { sizeBytes, ...(backing === undefined ? {} : { backing }) };
}

/** `[options.layer.overlay]`: handed to the driver, which checks it by its own schema. */
function driverOptions(file: string, options: unknown): FileConfig['options'] {
  if (options === undefined) return undefined;
  if (!isTable(options)) throw invalid(file, '"options" must be a table');
  const checked: Record<string, Table> = {};
  for (const [kind, drivers] of Object.entries(options)) {
    if (!isTable(drivers)) throw invalid(file, `"options.${kind}" must be a table of drivers`);
    checked[kind] = drivers;
  }
  return checked;
}
