/** Network configuration lists (CNI specification 1.0, section 1), read and checked. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { errnoOf, StrataError } from '@strata/core';
import type { CniOptions } from './cni-options.ts';

export interface PluginConfig extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
}

export interface Conflist {
  readonly name: string;
  readonly cniVersion: string;
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
  readonly plugins: readonly PluginConfig[];
}

const VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
/** Of the list and of plugin types: they become file names. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const MAXIMUM_BYTES = 1 << 20;
const MAXIMUM_PLUGINS = 32;

/** @throws not-found CNI_CONFIG_MISSING; invalid-argument CNI_CONFIG_INVALID, which names the file */
export async function readConflist(options: CniOptions): Promise<Conflist> {
  const file = options.conflist ?? (await firstOf(options.directory));
  const text = await read(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, 'is not JSON', cause);
  }
  return parseConflist(value, file);
}

export function parseConflist(value: unknown, file: string): Conflist {
  const list = asObject(value);
  if (list === undefined) throw invalid(file, 'is not a network configuration');
  const { name, cniVersion = '0.2.0' } = list;
  if (typeof name !== 'string' || !NAME.test(name)) throw invalid(file, 'has no valid "name"');
  if (typeof cniVersion !== 'string' || !VERSIONS.includes(cniVersion))
    throw invalid(file, `is of CNI version ${JSON.stringify(cniVersion)}; known are ${VERSIONS.join(', ')}`);
  // A single configuration (*.conf) is a list of one.
  const plugins = Array.isArray(list.plugins) ? list.plugins : list.type === undefined ? [] : [list];
  if (plugins.length === 0 || plugins.length > MAXIMUM_PLUGINS) throw invalid(file, 'has no "plugins"');
  for (const plugin of plugins) {
    const type = asObject(plugin)?.type;
    if (typeof type !== 'string' || !NAME.test(type))
      throw invalid(file, `has a plugin of the type ${JSON.stringify(type)}`);
  }
  return {
    name,
    cniVersion,
    disableCheck: isTrue(list.disableCheck),
    disableGC: isTrue(list.disableGC),
    plugins: plugins as PluginConfig[],
  };
}

/** What some plugin of the list can be told at run time: `portMappings`, `ips`, `mac`. */
export function hasCapability({ plugins }: Conflist, capability: string): boolean {
  return plugins.some((plugin) => plugin.capabilities?.[capability] === true);
}

/** All programs it needs, IPAM's included. */
export function pluginTypes({ plugins }: Conflist): string[] {
  const types = plugins.flatMap(({ type, ipam }) => {
    const inner = (ipam as { type?: unknown } | undefined)?.type;
    return typeof inner === 'string' && inner !== '' ? [type, inner] : [type];
  });
  return [...new Set(types)];
}

export function atLeast({ cniVersion }: Conflist, wanted: string): boolean {
  return VERSIONS.indexOf(cniVersion) >= VERSIONS.indexOf(wanted);
}

async function firstOf(directory: string): Promise<string> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  const [first] = names.filter((name) => /\.(conflist|conf|json)$/.test(name)).sort();
  if (first !== undefined) return `${directory}/${first}`;
  throw new StrataError('not-found', 'CNI_CONFIG_MISSING', `There is no CNI configuration in ${directory}`, {
    hint: 'Put a *.conflist there, or name one: [options.network.cni] conflist = "/path"',
  });
}

async function read(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > MAXIMUM_BYTES) throw invalid(file, 'is larger than 1 MiB');
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    throw new StrataError('not-found', 'CNI_CONFIG_MISSING', `${file} cannot be read`, { cause });
  }
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function invalid(file: string, problem: string, cause?: unknown): StrataError {
  return new StrataError('invalid-argument', 'CNI_CONFIG_INVALID', `${file} ${problem}`, { cause });
}
