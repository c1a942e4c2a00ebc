import type { CommandSpec } from '../table/spec.ts';

/** The command line is wrong. Exit 125 for a bad flag, 1 for a bad command or argument count, as docker. */
export class UsageError extends Error {
  readonly exitCode: number;
  readonly command: CommandSpec | undefined;
  readonly hint: string | undefined;

  constructor(message: string, exitCode: number, command?: CommandSpec, hint?: string) {
    super(message);
    this.name = 'UsageError';
    this.exitCode = exitCode;
    this.command = command;
    this.hint = hint;
  }
}

export const FLAG_ERROR = 125;
export const ARGUMENT_ERROR = 1;
