import { globalFlags } from '../table/globals.ts';
import { commands, groups } from '../table/index.ts';
import type { CommandSpec, FlagSpec } from '../table/spec.ts';
import { type FlagValues, parseFlags } from './flags.ts';
import { suggest } from './suggest.ts';
import { UsageError } from './usage-error.ts';

export type Invocation =
  | {
      readonly kind: 'command';
      readonly command: CommandSpec;
      readonly flags: FlagValues;
      readonly globals: FlagValues;
      readonly args: readonly string[];
    }
  | { readonly kind: 'help'; readonly topic: CommandSpec | string | undefined }
  | { readonly kind: 'version' };

const byPath = new Map(commands.flatMap((spec) => spec.paths.map((path) => [path, spec] as const)));
const isGroup = (word: string): boolean => groups.some((group) => group.name === word);
const versionFlag: FlagSpec = { name: 'version', short: 'v', kind: 'bool', help: 'Print version and quit' };

/** The first words of every path below a group (`''`: top level), without hidden ones. */
function namesBelow(group: string): readonly string[] {
  const prefix = group === '' ? '' : `${group} `;
  const paths = commands.filter((spec) => spec.group !== 'hidden').flatMap((spec) => spec.paths);
  const below = paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  return [...new Set(below.map((path) => path.split(' ')[0]!))];
}

function unknownCommand(path: string, group: string): UsageError {
  const meant = suggest(path.slice(group === '' ? 0 : group.length + 1), namesBelow(group));
  const prefix = group === '' ? 'strata' : `strata ${group}`;
  const hint =
    meant === undefined ? `run '${prefix} --help' for the commands` : `did you mean '${prefix} ${meant}'?`;
  return new UsageError('COMMAND_UNKNOWN', `unknown command: strata ${path}`, { hint });
}

function checkCount(command: CommandSpec, given: number): void {
  const least = command.args.filter((arg) => arg.optional !== true).length;
  const most = command.args.some((arg) => arg.repeat === true)
    ? Number.POSITIVE_INFINITY
    : command.args.length;
  if (given >= least && given <= most) return;
  const plural = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`;
  let rule = `requires ${plural(least)}`;
  if (most === 0) rule = 'accepts no arguments';
  else if (most > least)
    rule = given < least ? `requires at least ${plural(least)}` : `requires at most ${plural(most)}`;
  throw new UsageError('ARGUMENT_INVALID', `'strata ${command.paths[0]}' ${rule}`, { command });
}

/** Split what the user typed after a command into its own flags, the global ones and arguments. */
function parseCommand(command: CommandSpec, words: readonly string[], globals: FlagValues): Invocation {
  const own = new Set(command.flags.map((flag) => flag.name));
  const shorts = new Set(command.flags.map((flag) => flag.short));
  const borrowed = globalFlags
    .filter((flag) => !own.has(flag.name))
    .map((flag) => (shorts.has(flag.short) ? { ...flag, short: '' } : flag));
  const parsed = parseFlags(words, {
    flags: [...command.flags, ...borrowed],
    interspersed: command.interspersed !== false,
    command,
  });
  if (parsed.help) return { kind: 'help', topic: command };
  checkCount(command, parsed.positionals.length);
  const flags: FlagValues = new Map();
  const all: FlagValues = new Map(globals);
  for (const [name, value] of parsed.values) (own.has(name) ? flags : all).set(name, value);
  return { kind: 'command', command, flags, globals: all, args: parsed.positionals };
}

/** `words`: argv without node and script. @throws UsageError */
export function parseCommandLine(words: readonly string[]): Invocation {
  const head = parseFlags(words, { flags: [...globalFlags, versionFlag], interspersed: false });
  const [first, ...rest] = head.positionals;
  if (head.values.get('version') === true) return { kind: 'version' };
  if (head.help || first === undefined) return { kind: 'help', topic: undefined };
  if (first === 'help') return { kind: 'help', topic: helpTopic(rest) };
  const direct = byPath.get(first);
  if (direct !== undefined) return parseCommand(direct, rest, head.values);
  if (!isGroup(first)) throw unknownCommand(first, '');
  return parseGroup(first, rest, head.values);
}

function parseGroup(group: string, words: readonly string[], globals: FlagValues): Invocation {
  const head = parseFlags(words, { flags: globalFlags, interspersed: false });
  const [name, ...rest] = head.positionals;
  if (head.help || name === undefined || name === 'help') return { kind: 'help', topic: group };
  const command = byPath.get(`${group} ${name}`);
  if (command === undefined) throw unknownCommand(`${group} ${name}`, group);
  return parseCommand(command, rest, new Map([...globals, ...head.values]));
}

function helpTopic(words: readonly string[]): CommandSpec | string | undefined {
  const path = words.slice(0, 2).join(' ');
  if (path === '') return undefined;
  const topic = byPath.get(path) ?? byPath.get(words[0]!) ?? (isGroup(path) ? path : undefined);
  if (topic === undefined) throw new UsageError('COMMAND_UNKNOWN', `unknown help topic: ${words.join(' ')}`);
  return topic;
}
