/**
 * # The command table: what `strata` understands, as plain data
 *
 * One `CommandSpec` per verb. The parser, --help, shell completion, man pages and docs/cli.md all read it; nothing
 * about a command is written twice. `handler` names an export of `commands/index.ts` (or of a small bundle in
 * `fast/`), loaded only when the command runs.
 */
import type { CommandHandlers, FastHandlers } from '../handlers.ts';

/** `int`, `decimal`, `bytes` (`512m`) and `duration` (`1m30s`, in milliseconds) take a checked value; `list` repeats. */
export type FlagKind = 'bool' | 'string' | 'list' | 'int' | 'decimal' | 'bytes' | 'duration';

/** What the shell completes dynamically, or a fixed set. */
export type Completion =
  | 'container'
  | 'running'
  | 'image'
  | 'network'
  | 'volume'
  | 'storage'
  | 'file'
  | 'directory'
  | readonly string[];

export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  readonly kind: FlagKind;
  readonly help: string;
  /** Word for the value in help; the kind's name when absent. */
  readonly value?: string;
  /** Shown in help; handlers get it when the flag is absent. */
  readonly default?: string | boolean | number;
  /** Environment variable that sets it. */
  readonly env?: string;
  readonly complete?: Completion;
  readonly hidden?: boolean;
}

export interface ArgSpec {
  readonly name: string;
  readonly optional?: boolean;
  readonly repeat?: boolean;
  readonly complete?: Completion;
}

type CommandGroup = 'common' | 'commands' | 'hidden';

export interface CommandSpec {
  /** Every way to call it, without `strata`; the first is the canonical one. */
  readonly paths: readonly [string, ...string[]];
  readonly group: CommandGroup;
  readonly summary: string;
  /** Further paragraphs for --help, man and docs. */
  readonly description?: string;
  readonly args: readonly ArgSpec[];
  /** Usage line after `[OPTIONS]` where the arguments' names do not say it all. */
  readonly usage?: readonly string[];
  readonly flags: readonly FlagSpec[];
  /** `false`: options stop at the first argument, as the rest belongs to the container's command. */
  readonly interspersed?: boolean;
  readonly examples?: readonly (readonly [command: string, explanation: string])[];
  readonly handler: keyof CommandHandlers | keyof FastHandlers;
  /** Exit status of an engine error; 1 unless docker says otherwise. */
  readonly errorExit?: number;
}

export interface GroupSpec {
  readonly name: string;
  readonly summary: string;
}

type FlagExtra = Partial<Omit<FlagSpec, 'name' | 'kind' | 'help'>>;
type FlagMaker = (names: string, help: string, extra?: FlagExtra) => FlagSpec;

/** `names`: `detach` or `d,detach`. */
const maker =
  (kind: FlagKind): FlagMaker =>
  (names, help, extra) => {
    const [first = '', second] = names.split(',');
    return second === undefined
      ? { name: first, kind, help, ...extra }
      : { name: second, short: first, kind, help, ...extra };
  };

export const bool = maker('bool');
export const string = maker('string');
export const list = maker('list');
export const int = maker('int');
export const decimal = maker('decimal');
export const bytes = maker('bytes');
export const duration = maker('duration');

export const storageFlag = string('storage', 'Layer driver to use (overlay, btrfs, vfs or one you added)', {
  env: 'STRATA_STORAGE',
  value: 'driver',
  complete: 'storage',
});

export const formatFlag = string(
  'format',
  "Format the output: 'table', 'table TEMPLATE', 'json' or a Go template",
  { value: 'template' },
);
export const quietIds = bool('q,quiet', 'Only show ids');
export const noTrunc = bool('no-trunc', "Don't truncate output");
export const filterFlag = list('f,filter', 'Filter output based on conditions provided', { value: 'filter' });
export const detachKeys = string('detach-keys', 'Override the key sequence for detaching a container', {
  value: 'keys',
});
export const changeFlag = list('c,change', 'Apply Dockerfile instruction to the created image', {
  value: 'instruction',
});
export const platformFlag = string('platform', 'Platform of a multi-platform image, os/arch[/variant]');
export const forcePrompt = bool('f,force', 'Do not prompt for confirmation');
