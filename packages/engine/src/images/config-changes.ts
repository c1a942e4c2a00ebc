/** Dockerfile instructions as `--change` takes them (docker commit, docker import), over an image's `config` object. */
import { StrataError } from '@strata/core';
import { parseAssignments, parseWords } from './instruction-words.ts';

type Config = Readonly<Record<string, unknown>>;
type Change = (config: Config, argument: string) => Config;

const CHANGES: Readonly<Record<string, Change>> = {
  CMD: (config, argument) => ({ ...config, Cmd: command(argument) }),
  ENTRYPOINT: (config, argument) => ({ ...config, Entrypoint: command(argument) }),
  ENV: (config, argument) => ({
    ...config,
    Env: withEnv(list(config, 'Env'), parseAssignments(argument, 'ENV')),
  }),
  EXPOSE: (config, argument) => ({
    ...config,
    ExposedPorts: withKeys(config, 'ExposedPorts', parseWords(argument).map(port)),
  }),
  LABEL: (config, argument) => ({
    ...config,
    Labels: {
      ...(config.Labels as object | undefined),
      ...Object.fromEntries(parseAssignments(argument, 'LABEL')),
    },
  }),
  ONBUILD: (config, argument) => ({ ...config, OnBuild: [...list(config, 'OnBuild'), argument] }),
  STOPSIGNAL: (config, argument) => ({ ...config, StopSignal: argument }),
  USER: (config, argument) => ({ ...config, User: argument }),
  VOLUME: (config, argument) => ({
    ...config,
    Volumes: withKeys(config, 'Volumes', jsonArray(argument) ?? parseWords(argument)),
  }),
  WORKDIR: (config, argument) => ({
    ...config,
    WorkingDir: argument.startsWith('/') ? argument : `${(config.WorkingDir as string) || ''}/${argument}`,
  }),
};

/** @throws invalid-argument `CHANGE_INVALID` */
export function changeConfig(config: Config, instructions: readonly string[]): Config {
  return instructions.reduce((changed, instruction) => {
    const [, name = '', argument = ''] = /^\s*([A-Za-z]+)\s+(.*\S)\s*$/s.exec(instruction) ?? [];
    const change = Object.hasOwn(CHANGES, name.toUpperCase()) ? CHANGES[name.toUpperCase()] : undefined;
    if (change !== undefined) return change(changed, argument);
    throw new StrataError(
      'invalid-argument',
      'CHANGE_INVALID',
      `Cannot apply the change ${JSON.stringify(instruction)}`,
      {
        hint: `A change is one of ${Object.keys(CHANGES).join(', ')} with its arguments`,
      },
    );
  }, config);
}

/** Exec form, or shell form wrapped as Docker does. */
function command(argument: string): readonly string[] {
  return jsonArray(argument) ?? ['/bin/sh', '-c', argument];
}

function jsonArray(argument: string): string[] | undefined {
  if (!argument.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(argument);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch {
    // Not JSON: shell form, as Docker has it.
  }
  return undefined;
}

function port(text: string): string {
  const [, number, protocol = 'tcp'] =
    /^([0-9]{1,5}(?:-[0-9]{1,5})?)(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  if (number !== undefined) return `${number}/${protocol.toLowerCase()}`;
  throw new StrataError(
    'invalid-argument',
    'CHANGE_INVALID',
    `${JSON.stringify(text)} is not a port for EXPOSE`,
  );
}

function withEnv(env: readonly string[], added: readonly (readonly [string, string])[]): string[] {
  const values = new Map(env.map((line) => [line.slice(0, line.indexOf('=')), line]));
  for (const [name, value] of added) values.set(name, `${name}=${value}`);
  return [...values.values()];
}

function list(config: Config, key: string): readonly string[] {
  return (config[key] as readonly string[] | null | undefined) ?? [];
}

function withKeys(config: Config, key: string, added: readonly string[]): Record<string, object> {
  const before = (config[key] as Record<string, object> | null | undefined) ?? {};
  return { ...before, ...Object.fromEntries(added.map((name) => [name, {}])) };
}
