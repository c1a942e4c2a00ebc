import { usageLines } from '../render/error.ts';
import { globalFlags } from '../table/globals.ts';
import { commands } from '../table/index.ts';
import type { CommandSpec, FlagSpec } from '../table/spec.ts';
import { flagHelp, visibleFlags } from './help.ts';

/** Text as roff: backslashes, hyphens that must stay, and no line that starts a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

const page = (name: string): string => `strata-${name.replaceAll(' ', '-')}`;

function header(name: string, summary: string): string[] {
  return [
    `.TH ${name.toUpperCase()} 1 "" "Strata" "Strata manual"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(summary)}`,
  ];
}

function flagEntry(flag: FlagSpec): string[] {
  const names = [
    flag.short === undefined ? '' : `\\fB\\-${flag.short}\\fR, `,
    `\\fB${roff(`--${flag.name}`)}\\fR`,
  ];
  const value = flag.kind === 'bool' ? '' : `=\\fI${roff(flag.value ?? flag.kind)}\\fR`;
  return ['.TP', `${names.join('')}${value}`, roff(flagHelp(flag))];
}

function optionSection(title: string, flags: readonly FlagSpec[]): string[] {
  return flags.length === 0 ? [] : [`.SH ${title}`, ...visibleFlags(flags).flatMap(flagEntry)];
}

/** The page of one command, man(7). */
export function manPage(command: CommandSpec): string {
  const lines = header(page(command.paths[0]), command.summary);
  lines.push('.SH SYNOPSIS', ...usageLines(command).flatMap((line) => [`\\fB${roff(line)}\\fR`, '.br']));
  const text =
    command.description === undefined
      ? `${command.summary}.`
      : `${command.summary}.\n\n${command.description}`;
  lines.push('.SH DESCRIPTION', roff(text).replaceAll('\n\n', '\n.PP\n'));
  if (command.paths.length > 1) {
    lines.push('.SH ALIASES', roff(command.paths.map((path) => `strata ${path}`).join(', ')));
  }
  lines.push(...optionSection('OPTIONS', command.flags));
  if (command.examples !== undefined) {
    lines.push(
      '.SH EXAMPLES',
      ...command.examples.flatMap(([line, why]) => ['.TP', roff(why), `.B ${roff(line)}`]),
    );
  }
  lines.push('.SH SEE ALSO', '.BR strata (1)');
  return `${lines.join('\n')}\n`;
}

/** strata(1). */
export function manRoot(): string {
  const shown = commands.filter(({ group }) => group !== 'hidden');
  const list = shown.flatMap((spec) => ['.TP', `.BR ${roff(page(spec.paths[0]))} (1)`, roff(spec.summary)]);
  return `${[
    ...header('strata', 'a container engine made of drivers'),
    '.SH SYNOPSIS',
    '\\fBstrata [OPTIONS] COMMAND\\fR',
    ...optionSection('OPTIONS', globalFlags),
    '.SH COMMANDS',
    ...list,
    '.SH EXIT STATUS',
    exitStatus.map((line) => roff(line)).join('\n.br\n'),
  ].join('\n')}\n`;
}

/** Also in docs/cli.md. */
export const exitStatus: readonly string[] = [
  '0: success; run, exec, attach and start -a: the exit status of the process',
  '1: the command failed, or has wrong arguments',
  '125: run failed before the process started, or a flag is wrong',
  '126: the command in the container cannot be executed',
  '127: the command in the container was not found',
  '128+n: ended by signal n (130 Ctrl-C, 137 KILL, 143 TERM)',
];
