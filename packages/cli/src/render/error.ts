import { getSystemErrorMessage } from 'node:util';
import { isStrataError } from '@strata/core';
import { UsageError } from '../parse/usage-error.ts';
import type { CommandSpec } from '../table/spec.ts';

export interface ErrorStyle {
  readonly debug: boolean;
  readonly json: boolean;
}

interface Described {
  readonly message: string;
  readonly code: string | undefined;
  readonly kind: string;
  readonly hint: string | undefined;
}

function describe(error: unknown): Described {
  if (error instanceof UsageError) {
    return { message: error.message, code: error.code, kind: 'usage', hint: error.hint };
  }
  if (isStrataError(error)) {
    return { message: error.message, code: error.code, kind: error.kind, hint: error.hint };
  }
  if (!(error instanceof Error))
    return { message: String(error), code: undefined, kind: 'internal', hint: undefined };
  const system = describeSystem(error);
  if (system !== undefined) return { ...system, kind: 'system' };
  const { code } = error as NodeJS.ErrnoException;
  return {
    message: error.message,
    code,
    kind: 'internal',
    hint: 'run again with --debug to see where it came from',
  };
}

/** What the kernel refused, in its words. */
function describeSystem(error: NodeJS.ErrnoException): Omit<Described, 'kind'> | undefined {
  const { code, errno, path, syscall } = error;
  if (code === undefined || errno === undefined) return undefined;
  if (syscall === 'uv_cwd')
    return { message: 'the current directory is gone', code, hint: 'change into one that exists' };
  const meaning = getSystemErrorMessage(errno);
  if (path !== undefined) return { message: `${path}: ${meaning}`, code, hint: undefined };
  if (syscall !== 'write') return undefined;
  return { message: `cannot write the output: ${meaning}`, code, hint: undefined };
}

/** Control characters of hostile names must not reach the terminal. */
const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );

/** The causes, innermost last, with stacks. */
function chain(error: unknown): string {
  const lines: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    lines.push(`${depth === 0 ? '' : 'caused by: '}${at.stack ?? at.message}`);
  }
  return lines.join('\n');
}

/** `strata: sentence (CODE)`, `hint: …`, ready for standard error. */
export function renderError(error: unknown, style: ErrorStyle): string {
  const { message, code, kind, hint } = describe(error);
  if (style.json) {
    const body = { error: { code: code ?? null, kind, message, ...(hint === undefined ? {} : { hint }) } };
    return `${JSON.stringify(body)}\n`;
  }
  const suffix = code === undefined ? '' : ` (${code})`;
  const lines = [`strata: ${printable(message.replace(/\.$/, ''))}${suffix}`];
  if (hint !== undefined) lines.push(`hint: ${printable(hint)}`);
  if (error instanceof UsageError && error.command !== undefined)
    lines.push('', ...usageReminder(error.command));
  if (style.debug) lines.push(printable(chain(error)));
  return `${lines.join('\n')}\n`;
}

export function usageLines(command: CommandSpec): string[] {
  const args = command.args.map((arg) => {
    const name =
      arg.repeat === true
        ? arg.optional === true
          ? `${arg.name}...`
          : `${arg.name} [${arg.name}...]`
        : arg.name;
    return arg.optional === true ? `[${name}]` : name;
  });
  const options = command.flags.length > 0 ? ' [OPTIONS]' : '';
  const forms = command.usage ?? [args.join(' ')];
  return forms.map((form) => `strata ${command.paths[0]}${options} ${form}`.trimEnd());
}

function usageReminder(command: CommandSpec): string[] {
  return [
    ...usageLines(command).map((line, at) => (at === 0 ? `Usage:  ${line}` : `        ${line}`)),
    '',
    `Run 'strata ${command.paths[0]} --help' for more information`,
  ];
}

/** The exit status for an error of a command. */
export function exitCodeOf(error: unknown, command: CommandSpec | undefined): number {
  if (error instanceof UsageError) return error.exitCode;
  if (isStrataError(error) && error.exitCode !== undefined) return error.exitCode;
  return command?.errorExit ?? 1;
}
