import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, StrataError } from '@strata/core';
import { isJsonObject, type JsonObject } from '../document/parse-json.ts';
import type { Environment } from './proxy.ts';

export interface MirrorRule {
  /** `host[:port][/path]`. */
  readonly location: string;
  readonly insecure: boolean;
  readonly pull: 'all' | 'digest-only' | 'tag-only';
}

/** One `[[registry]]` table of containers-registries.conf(5). */
export interface RegistryRule {
  /** `host[:port][/path]` or `*.domain`. */
  readonly prefix: string;
  /** Takes the prefix's place; empty: unchanged. */
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly MirrorRule[];
}

export interface RegistriesConf {
  readonly rules: readonly RegistryRule[];
  readonly searchRegistries: readonly string[];
  readonly aliases: ReadonlyMap<string, string>;
}

export const noRegistriesConf: RegistriesConf = { rules: [], searchRegistries: [], aliases: new Map() };

/** The system's files in the order in which they apply: main file, then drop-ins by name. */
export async function registriesConfPaths(env: Environment): Promise<readonly string[]> {
  const own = env.CONTAINERS_REGISTRIES_CONF || env.REGISTRIES_CONFIG_PATH;
  if (own) return [own];
  const directory = '/etc/containers/registries.conf.d';
  const names = await readdir(directory).catch(() => []);
  const dropIns = names.filter((name) => name.endsWith('.conf')).sort();
  return ['/etc/containers/registries.conf', ...dropIns.map((name) => join(directory, name))];
}

/**
 * Read and merge registries.conf files, version 2. Missing files are empty; a later file's rule for the same prefix,
 * its search list and its aliases replace earlier ones. @throws failed-precondition `REGISTRIES_CONF_INVALID`
 */
export async function loadRegistriesConf(paths: readonly string[]): Promise<RegistriesConf> {
  const texts = await Promise.all(paths.map(readIfThere));
  let merged = noRegistriesConf;
  for (const [n, text] of texts.entries()) {
    if (text !== undefined && /^\s*[^#\s]/m.test(text)) merged = merge(merged, await parse(text, paths[n]!));
  }
  return merged;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw invalid(path, 'it cannot be read', error);
  }
}

async function parse(text: string, path: string): Promise<RegistriesConf> {
  const { parse: parseToml } = await import('smol-toml');
  let document: JsonObject;
  try {
    document = parseToml(text);
  } catch (cause) {
    throw invalid(path, 'it is not TOML', cause);
  }
  if (isJsonObject(document.registries)) throw invalid(path, 'it is written in the old version 1 format');
  const tables = document.registry ?? [];
  if (!Array.isArray(tables)) throw invalid(path, '[[registry]] must be an array of tables');
  const aliases = isJsonObject(document.aliases) ? document.aliases : {};
  return {
    rules: tables.map((table) => readRule(table, path)),
    searchRegistries: strings(document['unqualified-search-registries'], path),
    aliases: new Map(
      Object.entries(aliases).map(([name, target]) => [name, text1(target, `alias ${name}`, path)]),
    ),
  };
}

function readRule(table: unknown, path: string): RegistryRule {
  if (!isJsonObject(table)) throw invalid(path, '[[registry]] must be a table');
  const location = trim(text1(table.location ?? '', 'location', path));
  const prefix = trim(text1(table.prefix ?? '', 'prefix', path)) || location;
  if (prefix === '') throw invalid(path, 'a [[registry]] has neither prefix nor location');
  if (!prefix.startsWith('*.') && location === '' && table.location !== undefined)
    throw invalid(path, 'location is empty');
  const mirrors = table.mirror ?? [];
  if (!Array.isArray(mirrors)) throw invalid(path, '[[registry.mirror]] must be an array of tables');
  const digestOnly = table['mirror-by-digest-only'] === true;
  return {
    prefix,
    location,
    insecure: table.insecure === true,
    blocked: table.blocked === true,
    mirrors: mirrors.map((mirror) => readMirror(mirror, digestOnly, path)),
  };
}

function readMirror(table: unknown, digestOnly: boolean, path: string): MirrorRule {
  if (!isJsonObject(table)) throw invalid(path, '[[registry.mirror]] must be a table');
  const location = trim(text1(table.location ?? '', 'mirror location', path));
  if (location === '') throw invalid(path, 'a mirror has no location');
  const pull = table['pull-from-mirror'] ?? (digestOnly ? 'digest-only' : 'all');
  if (pull !== 'all' && pull !== 'digest-only' && pull !== 'tag-only') {
    throw invalid(path, 'pull-from-mirror must be all, digest-only or tag-only');
  }
  return { location, insecure: table.insecure === true, pull };
}

function merge(base: RegistriesConf, over: RegistriesConf): RegistriesConf {
  const rules = new Map([...base.rules, ...over.rules].map((rule) => [rule.prefix, rule]));
  const aliases = new Map([...base.aliases, ...over.aliases]);
  for (const [name, target] of over.aliases) if (target === '') aliases.delete(name);
  return {
    rules: [...rules.values()],
    searchRegistries: over.searchRegistries.length > 0 ? over.searchRegistries : base.searchRegistries,
    aliases,
  };
}

/** The rule with the longest prefix that covers `name` (`host/path[:tag][@digest]`). */
export function ruleFor(conf: RegistriesConf, name: string): RegistryRule | undefined {
  let best: RegistryRule | undefined;
  for (const rule of conf.rules) {
    if (covers(rule.prefix, name) && (best === undefined || rule.prefix.length > best.prefix.length))
      best = rule;
  }
  return best;
}

function covers(prefix: string, name: string): boolean {
  if (prefix.startsWith('*.')) {
    const host = name.slice(0, name.indexOf('/')).replace(/:[0-9]+$/, '');
    return host.endsWith(prefix.slice(1));
  }
  if (!name.startsWith(prefix)) return false;
  return name.length === prefix.length || '/:@'.includes(name[prefix.length]!);
}

function trim(location: string): string {
  return location.replace(/^https?:\/\//, '').replace(/\/+$/, '');
}

function text1(value: unknown, what: string, path: string): string {
  if (typeof value === 'string') return value;
  throw invalid(path, `${what} must be a string`);
}

function strings(value: unknown, path: string): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((s) => typeof s === 'string')) return value.map(trim);
  throw invalid(path, 'unqualified-search-registries must be an array of strings');
}

function invalid(path: string, why: string, cause?: unknown): StrataError {
  return new StrataError('failed-precondition', 'REGISTRIES_CONF_INVALID', `${path} is invalid: ${why}`, {
    hint: 'containers-registries.conf(5) describes the format, version 2',
    cause,
  });
}
