import { resolve } from 'node:path';
import type { BindRequest } from '@strata/engine';
import type { Flags } from '../parse/flag-reader.ts';
import { parseBool, parseBytes } from '../parse/values.ts';
import { defined, splitPair } from './defined.ts';

type Propagation = NonNullable<BindRequest['propagation']>;
type Fail = (problem: string) => Error;

const PROPAGATION: readonly string[] = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'];
const IGNORED: readonly string[] = ['rw', 'z', 'Z', 'nocopy', 'consistent', 'cached', 'delegated', 'default'];
const TMPFS_FLAGS: readonly string[] = [
  'rw',
  'ro',
  'exec',
  'noexec',
  'suid',
  'nosuid',
  'dev',
  'nodev',
  'atime',
  'noatime',
  'diratime',
  'nodiratime',
  'relatime',
  'norelatime',
  'strictatime',
  'sync',
  'async',
  'dirsync',
];

const isPropagation = (text: string): text is Propagation => PROPAGATION.includes(text);

/** `-v [host|name:]container[:options]`. */
function parseVolume(text: string, fail: Fail): BindRequest {
  const parts = text.split(':');
  const [source, target, options = ''] = parts.length === 1 ? ['', ...parts] : parts;
  if (target === undefined || target === '' || (source === '' && parts.length > 1) || parts.length > 3)
    throw fail('expected [source:]container[:options]');
  if (!target.startsWith('/')) throw fail(`invalid mount path: '${target}' must be absolute`);
  const chosen = bindOptions(options, fail);
  const noCopy = options.split(',').includes('nocopy') || undefined;
  if (source === undefined || source === '') return { type: 'volume', target, ...chosen };
  if (!source.startsWith('/') && !source.startsWith('.'))
    return { type: 'volume', source, target, ...chosen, ...defined({ noCopy }) };
  return { type: 'bind', source: resolve(source), target, createSource: true, ...chosen };
}

function bindOptions(text: string, fail: Fail): Pick<BindRequest, 'readOnly' | 'propagation'> {
  let readOnly = false;
  let propagation: Propagation | undefined;
  for (const option of text === '' ? [] : text.split(',')) {
    if (option === 'ro') readOnly = true;
    else if (isPropagation(option)) propagation = option;
    else if (!IGNORED.includes(option)) throw fail(`invalid mode: ${option}`);
  }
  return defined({ readOnly, propagation });
}

/** One line of CSV, with quotes as encoding/csv reads them. */
export function splitCsv(text: string): readonly string[] {
  const fields: string[] = [];
  for (const match of text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
  }
  return fields;
}

const NAMES: Readonly<Partial<Record<string, string>>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
};

/** `--mount type=bind,src=/a,dst=/b,readonly`. */
function parseMount(text: string, fail: Fail): BindRequest {
  const values = new Map<string, string>();
  for (const field of splitCsv(text)) {
    const [key, value = 'true'] = splitPair(field.trim());
    const lower = key.toLowerCase();
    values.set(NAMES[lower] ?? lower, value);
  }
  const take = (name: string): string | undefined => {
    const value = values.get(name);
    values.delete(name);
    return value;
  };
  const flag = (name: string): boolean | undefined => {
    const value = take(name);
    const parsed = value === undefined ? undefined : parseBool(value);
    if (value !== undefined && parsed === undefined) throw fail(`invalid value for ${name}: ${value}`);
    return parsed;
  };
  const type = take('type') ?? 'volume';
  if (type !== 'bind' && type !== 'tmpfs' && type !== 'volume')
    throw fail(`mount type "${type}" is not supported; use bind, volume or tmpfs`);
  const target = take('target');
  if (target === undefined) throw fail('target is required');
  if (!target.startsWith('/')) throw fail(`invalid mount path: '${target}' must be absolute`);
  take('consistency');
  const readOnly = flag('readonly');
  const rest = mountOptions[type](take, flag, fail);
  const [unknown] = values.keys();
  if (unknown !== undefined) throw fail(`unexpected key '${unknown}' for a ${type} mount`);
  return { type, target, ...defined({ readOnly }), ...rest };
}

type Take = (name: string) => string | undefined;

type Options = (take: Take, flag: (name: string) => boolean | undefined, fail: Fail) => Partial<BindRequest>;

const mountOptions: Readonly<Record<BindRequest['type'], Options>> = {
  bind: bindMount,
  tmpfs: (take, _flag, fail) => tmpfsMount(take, fail),
  volume: (take, flag) => defined({ source: take('source'), noCopy: flag('volume-nocopy') }),
};

function bindMount(
  take: Take,
  flag: (name: string) => boolean | undefined,
  fail: Fail,
): Partial<BindRequest> {
  const source = take('source');
  if (source === undefined || source === '') throw fail('source is required for a bind mount');
  const propagation = take('bind-propagation');
  if (propagation !== undefined && !isPropagation(propagation))
    throw fail(`invalid propagation: ${propagation}`);
  const recursive = take('bind-recursive');
  const nonrecursive = flag('bind-nonrecursive') === true || recursive === 'disabled';
  return {
    source: resolve(source),
    ...defined({
      propagation,
      recursive: nonrecursive ? false : undefined,
      createSource: flag('bind-create-src'),
    }),
  };
}

function tmpfsMount(take: Take, fail: Fail): Partial<BindRequest> {
  if (take('source') !== undefined) throw fail('a tmpfs mount has no source');
  return defined({ size: tmpfsSize(take('tmpfs-size'), fail), mode: octal(take('tmpfs-mode'), fail) });
}

function tmpfsSize(text: string | undefined, fail: Fail): number | undefined {
  const size = text === undefined ? undefined : parseBytes(text);
  if (text !== undefined && size === undefined) throw fail(`invalid size: '${text}'`);
  return size;
}

function octal(text: string | undefined, fail: Fail): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-7]{1,5}$/.test(text)) throw fail(`invalid mode: '${text}' is not octal`);
  return Number.parseInt(text, 8);
}

/** `--tmpfs /path[:size=64m,mode=1777,noexec]`. */
function parseTmpfs(text: string, fail: Fail): BindRequest {
  const [target, list = ''] = splitPair(text, ':');
  if (!target.startsWith('/')) throw fail(`invalid mount path: '${target}' must be absolute`);
  const options: string[] = [];
  let size: number | undefined;
  let mode: number | undefined;
  for (const option of list === '' ? [] : list.split(',')) {
    const [name, value] = splitPair(option);
    if (name === 'size' && value !== undefined) size = tmpfsSize(value, fail);
    else if (name === 'mode' && value !== undefined) mode = octal(value, fail);
    else if (value === undefined && TMPFS_FLAGS.includes(name)) options.push(name);
    else throw fail(`invalid tmpfs option "${option}"`);
  }
  const readOnly = options.includes('ro') || undefined;
  const flags = options.filter((option) => option !== 'ro' && option !== 'rw');
  return {
    type: 'tmpfs',
    target,
    ...defined({ size, mode, readOnly, options: flags.length > 0 ? flags : undefined }),
  };
}

/** All mounts a command line asks for. Two at one place are an error, as in docker. */
export function readMounts(flags: Flags): readonly BindRequest[] {
  const parse = (name: string, parser: (text: string, fail: Fail) => BindRequest): BindRequest[] =>
    flags.list(name).map((text) => parser(text, (problem) => flags.invalid(name, text, problem)));
  const mounts = [
    ...parse('volume', parseVolume),
    ...parse('mount', parseMount),
    ...parse('tmpfs', parseTmpfs),
  ];
  const seen = new Set<string>();
  for (const { target } of mounts) {
    const place = resolve(target);
    if (seen.has(place)) throw flags.conflict(`duplicate mount point: ${target}`);
    seen.add(place);
  }
  return mounts;
}
