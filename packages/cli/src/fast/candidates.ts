import { globalFlags } from '../table/globals.ts';
import { commands, groups } from '../table/index.ts';
import type { CommandSpec, Completion, FlagSpec } from '../table/spec.ts';

/** What fits at the cursor: fixed words, or a kind of name to look up. */
export interface Candidates {
  readonly words: readonly (readonly [word: string, description: string])[];
  readonly lookup: Completion | undefined;
  /** What the user typed of the word being completed. */
  readonly prefix: string;
  /** Goes before each candidate: `--storage=`. */
  readonly before: string;
}

const none: Candidates = { words: [], lookup: undefined, prefix: '', before: '' };

function topWords(): (readonly [string, string])[] {
  const top = commands.filter((spec) => spec.group !== 'hidden');
  const names = top.flatMap((spec) =>
    spec.paths.filter((path) => !path.includes(' ')).map((path) => [path, spec.summary] as const),
  );
  return [
    ...names,
    ...groups.map((group) => [group.name, group.summary] as const),
    ['help', 'Show help'] as const,
  ];
}

function groupWords(group: string): (readonly [string, string])[] {
  const prefix = `${group} `;
  return commands.flatMap((spec) =>
    spec.paths
      .filter((path) => path.startsWith(prefix))
      .map((path) => [path.slice(prefix.length), spec.summary] as const),
  );
}

function flagOf(word: string, flags: readonly FlagSpec[]): FlagSpec | undefined {
  if (word.startsWith('--')) return flags.find((flag) => flag.name === word.slice(2));
  // In a cluster only the last letter can still want its value.
  return /^-\w+$/.test(word) ? flags.find((flag) => flag.short === word.at(-1)) : undefined;
}

/** Walk the words before the cursor: which command, how many arguments, is a flag waiting for its value? */
function walk(words: readonly string[]) {
  let command: CommandSpec | undefined;
  let group: string | undefined;
  let flags: readonly FlagSpec[] = globalFlags;
  let waiting: FlagSpec | undefined;
  let args = 0;
  let plain = false;
  for (const word of words) {
    if (waiting !== undefined) waiting = undefined;
    else if (!plain && word === '--') plain = true;
    else if (!plain && word.startsWith('-') && word.length > 1) {
      const flag = word.includes('=') ? undefined : flagOf(word, flags);
      if (flag !== undefined && flag.kind !== 'bool') waiting = flag;
    } else if (command === undefined) {
      const path = group === undefined ? word : `${group} ${word}`;
      command = commands.find((spec) => spec.paths.includes(path));
      if (command === undefined) group = path;
      else
        flags = [
          ...command.flags,
          ...globalFlags.filter(({ name }) => !command?.flags.some((own) => own.name === name)),
        ];
    } else {
      args++;
      if (command.interspersed === false) plain = true;
    }
  }
  return { command, group, flags, waiting, args, plain };
}

/** `words`: all after `strata`, the last one being typed. */
export function candidatesFor(words: readonly string[]): Candidates {
  const current = words.at(-1) ?? '';
  const { command, group, flags, waiting, args, plain } = walk(words.slice(0, -1));
  if (waiting !== undefined) return { ...none, lookup: waiting.complete, prefix: current };
  const equals = current.indexOf('=');
  if (!plain && current.startsWith('--') && equals > 0) {
    const flag = flagOf(current.slice(0, equals), flags);
    const lookup = flag?.kind === 'bool' ? (['true', 'false'] as const) : flag?.complete;
    return { ...none, lookup, prefix: current.slice(equals + 1), before: current.slice(0, equals + 1) };
  }
  if (!plain && current.startsWith('-')) {
    const shown = flags.filter((flag) => flag.hidden !== true);
    return { ...none, words: shown.map((flag) => [`--${flag.name}`, flag.help] as const), prefix: current };
  }
  if (command === undefined)
    return { ...none, words: group === undefined ? topWords() : groupWords(group), prefix: current };
  const arg = command.args[Math.min(args, command.args.length - 1)];
  const inRange = args < command.args.length || arg?.repeat === true;
  return { ...none, lookup: inRange ? arg?.complete : undefined, prefix: current };
}
