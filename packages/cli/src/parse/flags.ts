/**
 * Flags as Go's pflag reads them, so that docker command lines work unchanged: `--tty=false`, `-it`, `-p8080:80`,
 * `-e=A=b`, `--`, repeated lists, options that stop at the image.
 */
import type { CommandSpec, FlagSpec } from '../table/spec.ts';
import { suggest } from './suggest.ts';
import { UsageError } from './usage-error.ts';
import { checkValue, type FlagValue } from './values.ts';

export type FlagValues = Map<string, FlagValue>;

export interface FlagScope {
  readonly flags: readonly FlagSpec[];
  /** Stop at the first argument. */
  readonly interspersed: boolean;
  /** For messages. */
  readonly command?: CommandSpec;
}

export interface ParsedFlags {
  readonly values: FlagValues;
  readonly positionals: readonly string[];
  /** `-h` where the command has no flag of that letter, or `--help`. */
  readonly help: boolean;
}

class FlagReader {
  readonly values: FlagValues = new Map();
  help = false;
  readonly #scope: FlagScope;
  readonly #words: readonly string[];
  #next = 0;

  constructor(words: readonly string[], scope: FlagScope) {
    this.#words = words;
    this.#scope = scope;
  }

  read(): readonly string[] {
    const positionals: string[] = [];
    while (this.#next < this.#words.length) {
      const word = this.#words[this.#next++]!;
      if (word === '--') return [...positionals, ...this.#words.slice(this.#next)];
      if (word.startsWith('--')) this.#long(word);
      else if (word.length > 1 && word.startsWith('-')) this.#cluster(word);
      else {
        positionals.push(word);
        if (!this.#scope.interspersed) return [...positionals, ...this.#words.slice(this.#next)];
      }
    }
    return positionals;
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const flag = this.#scope.flags.find((candidate) => candidate.name === name);
    if (flag === undefined) {
      if (name === 'help') this.help = true;
      else throw this.#unknown(`unknown flag: --${name}`, name);
      return;
    }
    if (equals >= 0) this.#set(flag, word.slice(equals + 1));
    else if (flag.kind === 'bool') this.#set(flag, 'true');
    else this.#set(flag, this.#argument(`flag needs an argument: --${name}`));
  }

  /** `-it`, `-p8080:80`, `-e=A`, `-e A`. */
  #cluster(word: string): void {
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      const flag = this.#scope.flags.find((candidate) => candidate.short === letter);
      if (flag === undefined) {
        if (letter !== 'h') throw this.#unknown(`unknown shorthand flag: '${letter}' in ${word}`);
        this.help = true;
        continue;
      }
      const rest = word.slice(at + 1);
      if (rest.startsWith('=')) {
        this.#set(flag, rest.slice(1));
        return;
      }
      if (flag.kind === 'bool') {
        this.#set(flag, 'true');
        continue;
      }
      const missing = `flag needs an argument: '${letter}' in ${word}`;
      this.#set(flag, rest === '' ? this.#argument(missing) : rest);
      return;
    }
  }

  #argument(missing: string): string {
    const value = this.#words[this.#next++];
    if (value === undefined) throw new UsageError('FLAG_INVALID', missing, this.#scope);
    return value;
  }

  #set(flag: FlagSpec, text: string): void {
    if (flag.kind === 'list') {
      const before = (this.values.get(flag.name) as readonly string[] | undefined) ?? [];
      this.values.set(flag.name, [...before, text]);
      return;
    }
    const checked = checkValue(flag.kind, text);
    if ('problem' in checked) throw invalidFlag(flag, text, checked.problem, this.#scope.command);
    this.values.set(flag.name, checked.value);
  }

  #unknown(message: string, name?: string): UsageError {
    const visible = this.#scope.flags.filter((flag) => flag.hidden !== true).map((flag) => flag.name);
    const meant = name === undefined ? undefined : suggest(name, visible);
    const hint = meant === undefined ? undefined : `did you mean --${meant}?`;
    return new UsageError('FLAG_UNKNOWN', message, { command: this.#scope.command, hint });
  }
}

/** Docker's sentence about a flag's value. */
export function invalidFlag(
  flag: FlagSpec,
  text: string,
  problem: string,
  command?: CommandSpec,
): UsageError {
  const spelled = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
  return new UsageError('FLAG_INVALID', `invalid argument "${text}" for "${spelled}" flag: ${problem}`, {
    command,
  });
}

export function parseFlags(words: readonly string[], scope: FlagScope): ParsedFlags {
  const reader = new FlagReader(words, scope);
  const positionals = reader.read();
  return { values: reader.values, positionals, help: reader.help };
}
