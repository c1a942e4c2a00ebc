import type { Engine } from '@strata/engine';
import type { TableRow, TableView } from './format/table.ts';
import type { Io } from './io.ts';
import type { Flags } from './parse/flag-reader.ts';
import type { Settings } from './settings.ts';
import type { CommandSpec } from './table/spec.ts';
import type { Interrupt } from './terminal/interrupt.ts';

/** All a handler may use. */
export interface CommandContext {
  readonly command: CommandSpec;
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly settings: Settings;
  readonly io: Io;
  /** Ctrl-C and SIGTERM; listening starts when it is first asked for. */
  readonly interrupt: Interrupt;
  /** Opened once, closed by main. */
  engine(): Promise<Engine>;
}

/** What a command says, as data; `render/result.ts` prints it. */
export type Output =
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  /** Printed as they come. */
  | { readonly kind: 'stream'; readonly lines: AsyncIterable<string> }
  | {
      readonly kind: 'table';
      readonly rows: readonly TableRow[];
      readonly view: TableView;
      readonly format: string | undefined;
      readonly quiet?: boolean;
    }
  /** Objects as docker inspect shows them: a JSON array, or one template result per line. */
  | {
      readonly kind: 'objects';
      readonly values: readonly unknown[];
      readonly format: string | undefined;
      /** The single value itself rather than an array around it. */
      readonly single?: boolean;
      /** For people, when there is no format. */
      readonly text?: readonly string[];
    };

export interface CommandResult {
  readonly output?: Output;
  /** Errors about single targets; printed after the output, and make the exit status 1. Filled while streaming. */
  readonly failures?: readonly unknown[];
  /** Failures that do not change the exit status (`rm -f` of what is gone). */
  readonly forgiven?: boolean;
  readonly exitCode?: number;
}

export type Handler = (context: CommandContext) => Promise<CommandResult>;
