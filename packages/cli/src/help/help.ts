/** @module `--help`, laid out as docker's, from the table. */
import { usageLines } from '../render/error.ts';
import { globalFlags } from '../table/globals.ts';
import { commands, groups } from '../table/index.ts';
import type { CommandSpec, FlagSpec } from '../table/spec.ts';
import { twoColumns } from './wrap.ts';

const WIDEST = 100;

/** `-v, --volume list`; the value's name where it says more than the kind. */
function flagName(flag: FlagSpec): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const value = flag.kind === 'bool' ? '' : ` ${flag.value ?? flag.kind}`;
  return `${short}--${flag.name}${value}`;
}

/** The explanation with what is in force without the flag. */
export function flagHelp(flag: FlagSpec): string {
  const text =
    flag.default === undefined || flag.default === -1 ? '' : ` (default ${JSON.stringify(flag.default)})`;
  const env = flag.env === undefined ? '' : ` [$${flag.env}]`;
  return `${flag.help}${text}${env}`;
}

export const visibleFlags = (flags: readonly FlagSpec[]): readonly FlagSpec[] =>
  flags.filter((flag) => flag.hidden !== true).toSorted((a, b) => (a.name < b.name ? -1 : 1));

function flagLines(flags: readonly FlagSpec[], columns: number): string[] {
  return twoColumns(
    visibleFlags(flags).map((flag) => [flagName(flag), flagHelp(flag)] as const),
    columns,
    '  ',
  );
}

function commandHelp(command: CommandSpec, columns: number): string[] {
  const lines = usageLines(command).map((line, at) => (at === 0 ? `Usage:  ${line}` : `        ${line}`));
  lines.push('', command.summary);
  if (command.description !== undefined) lines.push('', command.description);
  if (command.paths.length > 1) {
    lines.push('', 'Aliases:', `  ${command.paths.map((path) => `strata ${path}`).join(', ')}`);
  }
  if (command.examples !== undefined) {
    lines.push('', 'Examples:', ...command.examples.flatMap(([line, why]) => [`  # ${why}`, `  ${line}`]));
  }
  if (command.flags.length > 0) lines.push('', 'Options:', ...flagLines(command.flags, columns));
  return lines;
}

function summaryRows(specs: readonly CommandSpec[], name: (spec: CommandSpec) => string) {
  return specs.map((spec) => [name(spec), spec.summary] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Commands of a group, by the first name each has there. */
function groupHelp(group: string, columns: number): string[] {
  const prefix = `${group} `;
  const inside = commands.filter((spec) => spec.paths.some((path) => path.startsWith(prefix)));
  const name = (spec: CommandSpec): string =>
    spec.paths.find((path) => path.startsWith(prefix))!.slice(prefix.length);
  return [
    `Usage:  strata ${group} COMMAND`,
    '',
    groups.find((spec) => spec.name === group)?.summary ?? '',
    '',
    'Commands:',
    ...twoColumns(summaryRows(inside, name), columns, '  '),
    '',
    `Run 'strata ${group} COMMAND --help' for more information on a command.`,
  ];
}

function rootHelp(columns: number): string[] {
  const top = commands.filter((spec) => !spec.paths[0].includes(' '));
  const name = (spec: CommandSpec): string => spec.paths[0];
  const common = top
    .filter((spec) => spec.group === 'common')
    .map((spec) => [name(spec), spec.summary] as const);
  return [
    'Usage:  strata [OPTIONS] COMMAND',
    '',
    'A container engine whose storage, networking, cgroups and image store are drivers',
    '',
    'Common Commands:',
    ...twoColumns(common, columns, '  '),
    '',
    'Management Commands:',
    ...twoColumns(
      groups.map((group) => [group.name, group.summary] as const),
      columns,
      '  ',
    ),
    '',
    'Commands:',
    ...twoColumns(
      summaryRows(
        top.filter((spec) => spec.group === 'commands'),
        name,
      ),
      columns,
      '  ',
    ),
    '',
    'Global Options:',
    ...flagLines(
      [...globalFlags, { name: 'version', short: 'v', kind: 'bool', help: 'Print version and quit' }],
      columns,
    ),
    '',
    "Run 'strata COMMAND --help' for more information on a command.",
  ];
}

/** Help on a command, a group, or everything. */
export function renderHelp(topic: CommandSpec | string | undefined, columns: number): string {
  const width = Math.min(columns, WIDEST);
  let lines: string[];
  if (topic === undefined) lines = rootHelp(width);
  else lines = typeof topic === 'string' ? groupHelp(topic, width) : commandHelp(topic, width);
  return `${lines.join('\n')}\n`;
}
