import type { CommandSpec } from '../table/spec.ts';

/** What can be wrong with a command line, and docker's exit status for it. */
const EXIT_CODES = {
  FLAG_UNKNOWN: 125,
  FLAG_INVALID: 125,
  FLAG_CONFLICT: 125,
  COMMAND_UNKNOWN: 1,
  ARGUMENT_INVALID: 1,
  TEMPLATE_INVALID: 1,
} as const;

interface UsageDetails {
  /** Whose usage to show. */
  readonly command?: CommandSpec | undefined;
  readonly hint?: string | undefined;
}

/** The command line is wrong; nothing was done. */
export class UsageError extends Error {
  readonly code: keyof typeof EXIT_CODES;
  readonly exitCode: number;
  readonly command: CommandSpec | undefined;
  readonly hint: string | undefined;

  constructor(code: keyof typeof EXIT_CODES, message: string, { command, hint }: UsageDetails = {}) {
    super(message);
    this.name = 'UsageError';
    this.code = code;
    this.exitCode = EXIT_CODES[code];
    this.command = command;
    this.hint =
      hint ?? (command === undefined ? "run 'strata --help' for the commands and options" : undefined);
  }
}
