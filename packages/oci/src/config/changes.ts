/** Instructions of `commit --change` and `import --change`: the part of a Dockerfile that only changes the config. */
import { posix } from 'node:path';
import type { WrittenExecution } from './config-document.ts';
import { parseHealthcheck } from './healthcheck.ts';
import { badChange, jsonWords, splitPairs, splitWords, type Variables } from './words.ts';

interface Instruction {
  /** After the instruction's name. */
  readonly text: string;
  /** The whole line, for messages. */
  readonly line: string;
  readonly variables: Variables;
}

type Apply = (config: WrittenExecution, instruction: Instruction) => WrittenExecution;

const INSTRUCTIONS: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ['CMD', (config, { text }) => ({ ...config, Cmd: command(config, text) })],
  ['ENTRYPOINT', (config, { text }) => ({ ...config, Entrypoint: command(config, text) })],
  ['ENV', (config, { text, variables }) => splitPairs(text, variables).reduce(setEnv, config)],
  [
    'LABEL',
    (config, { text, variables }) => ({
      ...config,
      Labels: withKeys(config.Labels, splitPairs(text, variables)),
    }),
  ],
  ['EXPOSE', expose],
  ['VOLUME', volume],
  ['USER', (config, instruction) => ({ ...config, User: single(instruction) })],
  [
    'WORKDIR',
    (config, instruction) => ({
      ...config,
      WorkingDir: posix.resolve(config.WorkingDir || '/', single(instruction)),
    }),
  ],
  ['STOPSIGNAL', (config, instruction) => ({ ...config, StopSignal: single(instruction) })],
  ['HEALTHCHECK', (config, { text }) => ({ ...config, Healthcheck: parseHealthcheck(text) })],
  ['ONBUILD', onBuild],
]);

/**
 * Apply changes in order. As in a Dockerfile, a new ENTRYPOINT forgets the base image's CMD unless a change sets one.
 * @throws invalid-argument `CHANGE_INVALID`
 */
export function applyChanges(config: WrittenExecution, changes: readonly string[]): WrittenExecution {
  let result = config;
  const seen = new Set<string>();
  for (const line of changes.flatMap((change) => change.split('\n')).filter((text) => text.trim() !== '')) {
    const match = /^\s*([A-Za-z]+)(?:\s+(.*\S)\s*)?$/s.exec(line);
    const name = (match?.[1] ?? '').toUpperCase();
    const apply = INSTRUCTIONS.get(name);
    if (apply === undefined)
      throw badChange(line, `'${name || line}' is not an instruction that changes an image`);
    const text = match?.[2];
    if (text === undefined) throw badChange(line, `${name} needs an argument`);
    if (text.includes('\0')) throw badChange(line.replaceAll('\0', ' '), 'it contains a NUL character');
    result = apply(result, { text, line, variables: variablesOf(result) });
    seen.add(name);
    if (name === 'ENTRYPOINT' && !seen.has('CMD')) result = without(result, 'Cmd');
  }
  return result;
}

function variablesOf(config: WrittenExecution): Variables {
  return new Map(
    (config.Env ?? []).map((entry): [string, string] => {
      const equals = entry.indexOf('=');
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

function without(config: WrittenExecution, field: keyof WrittenExecution): WrittenExecution {
  const { [field]: _, ...rest } = config;
  return rest;
}

/** Exec form as given, shell form through the image's shell. */
function command(config: WrittenExecution, text: string): string[] {
  const shell = config.Shell !== undefined && config.Shell.length > 0 ? config.Shell : ['/bin/sh', '-c'];
  return jsonWords(text) ?? [...shell, text];
}

function setEnv(config: WrittenExecution, [name, value]: [string, string]): WrittenExecution {
  const env = config.Env ?? [];
  const at = env.findIndex((entry) => entry === name || entry.startsWith(`${name}=`));
  return { ...config, Env: at < 0 ? [...env, `${name}=${value}`] : env.with(at, `${name}=${value}`) };
}

function withKeys<Value>(
  map: Readonly<Record<string, Value>> | undefined,
  pairs: readonly [string, Value][],
): Record<string, Value> {
  const result: Record<string, Value> = Object.assign(Object.create(null), map);
  for (const [key, value] of pairs) result[key] = value;
  return result;
}

function expose(config: WrittenExecution, { text, line, variables }: Instruction): WrittenExecution {
  const ports = splitWords(text, variables).flatMap((word) => portsOf(word, line));
  return {
    ...config,
    ExposedPorts: withKeys<unknown>(
      config.ExposedPorts,
      ports.map((port) => [port, {}]),
    ),
  };
}

function portsOf(word: string, line: string): string[] {
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first < 1 || last > 65535 || last < first)
    throw badChange(line, `'${word}' is not a port`);
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, n) => `${first + n}/${protocol}`);
}

function volume(config: WrittenExecution, { text, line, variables }: Instruction): WrittenExecution {
  const paths = jsonWords(text) ?? splitWords(text, variables);
  if (paths.length === 0 || paths.some((path) => path.trim() === ''))
    throw badChange(line, 'a volume needs a path');
  return {
    ...config,
    Volumes: withKeys<unknown>(
      config.Volumes,
      paths.map((path) => [path, {}]),
    ),
  };
}

function single({ text, line, variables }: Instruction): string {
  const words = splitWords(text, variables);
  if (words.length !== 1 || words[0] === '') throw badChange(line, 'it takes exactly one argument');
  return words[0]!;
}

function onBuild(config: WrittenExecution, { text, line }: Instruction): WrittenExecution {
  if (/^(ONBUILD|FROM|MAINTAINER)\b/i.test(text))
    throw badChange(line, 'ONBUILD cannot hold ONBUILD, FROM or MAINTAINER');
  return { ...config, OnBuild: [...(config.OnBuild ?? []), text] };
}
