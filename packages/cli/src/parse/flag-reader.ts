import { globalFlags } from '../table/globals.ts';
import type { CommandSpec, FlagSpec } from '../table/spec.ts';
import { type FlagValues, invalidFlag } from './flags.ts';
import { UsageError } from './usage-error.ts';
import { checkValue, type FlagValue } from './values.ts';

/** The values of a command's flags: the command line, else the environment, else the default. Names are checked. */
export class Flags {
  readonly #values: FlagValues;
  readonly #command: CommandSpec;
  readonly #env: NodeJS.ProcessEnv;

  constructor(command: CommandSpec, values: FlagValues, env: NodeJS.ProcessEnv) {
    this.#command = command;
    this.#values = values;
    this.#env = env;
  }

  bool(name: string): boolean {
    return this.#value(name) === true;
  }

  /** `undefined` when not given and without a default; `''` is a value. */
  string(name: string): string | undefined {
    const value = this.#value(name);
    return value === undefined ? undefined : String(value);
  }

  list(name: string): readonly string[] {
    const value = this.#value(name);
    return Array.isArray(value) ? value : [];
  }

  number(name: string): number | undefined {
    const value = this.#value(name);
    return typeof value === 'number' ? value : undefined;
  }

  /** Did the command line say it? */
  given(name: string): boolean {
    this.#spec(name);
    return this.#values.has(name);
  }

  /** The error for a value the parser could not judge. */
  invalid(name: string, text: string, problem: string): UsageError {
    return invalidFlag(this.#spec(name), text, problem, this.#command);
  }

  /** A combination of flags that makes no sense. */
  conflict(message: string): UsageError {
    return new UsageError('FLAG_CONFLICT', message, { command: this.#command });
  }

  #spec(name: string): FlagSpec {
    const spec = this.#command.flags.find((flag) => flag.name === name);
    if (spec === undefined) throw new Error(`the table gives '${this.#command.paths[0]}' no flag '${name}'`);
    return spec;
  }

  #value(name: string): FlagValue | undefined {
    const spec = this.#spec(name);
    return this.#values.get(name) ?? fromEnvironment(spec, this.#env) ?? defaultOf(spec);
  }
}

function defaultOf(spec: FlagSpec): FlagValue | undefined {
  if (spec.kind !== 'bytes' || typeof spec.default !== 'string') return spec.default;
  const checked = checkValue('bytes', spec.default);
  return 'value' in checked ? checked.value : undefined;
}

function fromEnvironment(spec: FlagSpec, env: NodeJS.ProcessEnv): FlagValue | undefined {
  const text = spec.env === undefined ? undefined : env[spec.env];
  if (text === undefined || text === '') return undefined;
  const checked = checkValue(spec.kind, text);
  if ('value' in checked) return checked.value;
  throw new UsageError('FLAG_INVALID', `${spec.env}: ${checked.problem}`);
}

/** A global flag: command line, else environment. */
export function globalValue(name: string, values: FlagValues, env: NodeJS.ProcessEnv): FlagValue | undefined {
  const spec = globalFlags.find((flag) => flag.name === name);
  if (spec === undefined) throw new Error(`no global flag '${name}'`);
  return values.get(name) ?? fromEnvironment(spec, env);
}
