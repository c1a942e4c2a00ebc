import type { CommandContext } from '../src/context.ts';
import { createIo } from '../src/io.ts';
import { parseCommandLine } from '../src/parse/command.ts';
import { Flags } from '../src/parse/flag-reader.ts';
import type { FlagValue } from '../src/parse/values.ts';
import { Interrupt } from '../src/terminal/interrupt.ts';

/** Split like a shell would: spaces, and single quotes. */
export function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

export interface Parsed {
  readonly path: string;
  readonly flags: Record<string, FlagValue>;
  readonly globals: Record<string, FlagValue>;
  readonly args: readonly string[];
}

export function parse(line: string): Parsed {
  const invocation = parseCommandLine(words(line));
  if (invocation.kind !== 'command') throw new Error(`not a command: ${line}`);
  return {
    path: invocation.command.paths[0],
    flags: Object.fromEntries(invocation.flags),
    globals: Object.fromEntries(invocation.globals),
    args: invocation.args,
  };
}

/** A context as a handler gets it, for code that never opens the engine. */
export function contextOf(line: string | readonly string[], env: NodeJS.ProcessEnv = {}): CommandContext {
  const invocation = parseCommandLine(typeof line === 'string' ? words(line) : line);
  if (invocation.kind !== 'command') throw new Error('not a command');
  return {
    command: invocation.command,
    flags: new Flags(invocation.command, invocation.flags, env),
    args: invocation.args,
    settings: {
      root: '/nowhere',
      run: '/nowhere',
      storage: undefined,
      debug: false,
      json: false,
      logLevel: 'warn',
      config: {},
      configFile: undefined,
      standbySeconds: 0,
    },
    io: createIo(env),
    interrupt: new Interrupt(),
    engine: () => Promise.reject(new Error('no engine here')),
  };
}
