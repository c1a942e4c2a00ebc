import { usageLines } from '../render/error.ts';
import { globalFlags } from '../table/globals.ts';
import { commands } from '../table/index.ts';
import type { CommandSpec, FlagSpec } from '../table/spec.ts';
import { flagHelp, visibleFlags } from './help.ts';
import { exitStatus } from './man.ts';

const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');

function flagTable(flags: readonly FlagSpec[]): string[] {
  const rows = visibleFlags(flags).map((flag) => {
    const value = flag.kind === 'bool' ? '' : ` ${flag.value ?? flag.kind}`;
    const short = flag.short === undefined ? '' : `\`-${flag.short}\`, `;
    return `| ${short}\`--${flag.name}${value.replaceAll('|', '\\|')}\` | ${cell(flagHelp(flag))} |`;
  });
  return rows.length === 0 ? [] : ['| option | |', '|---|---|', ...rows, ''];
}

/** Sections of an ini file (a systemd unit) among paragraphs. */
function fenced(description: string): string {
  return description
    .replace(/(?:^\[\w+\]\n(?:.+\n?)*\n?)+/gm, (unit) => `\`\`\`ini\n${unit.trimEnd()}\n\`\`\`\n\n`)
    .trimEnd();
}

function section(command: CommandSpec): string[] {
  const lines = [`### strata ${command.paths[0]}`, '', `${command.summary}.`, ''];
  lines.push('```sh', ...usageLines(command), '```', '');
  if (command.description !== undefined) lines.push(fenced(command.description), '');
  if (command.paths.length > 1) {
    lines.push(
      `Also: ${command.paths
        .slice(1)
        .map((path) => `\`strata ${path}\``)
        .join(', ')}`,
      '',
    );
  }
  lines.push(...flagTable(command.flags));
  if (command.examples !== undefined) {
    lines.push('```sh', ...command.examples.flatMap(([line, why]) => [`# ${why}`, line]), '```', '');
  }
  return lines;
}

const configuration = `## Configuration

\`/etc/strata/config.toml\`, or the file \`--config\` or \`STRATA_CONFIG\` names. A flag wins over the environment, the
environment over the file, the file over the default. Every key is optional:

\`\`\`toml
root = "/var/lib/strata"
run = "/run/strata"
storage = "overlay"        # layer driver when a command names none
runtime = "runc"
cgroup = "v1"
network = "none"
durable = true             # false: do not wait until an image is on disk
standby = 60               # seconds that a process waits to run the next command; 0: none does. Also STRATA_STANDBY

[log]
max-size = "10m"           # per log file, before it is rotated
max-files = 3

[storage-opt]              # for containers made without --storage-opt
size = "10G"               # refused where it cannot be kept; --storage-opt size=0 lifts it
backing = "loop"           # in a sparse file each where the layer driver has no quota

[options.layer.overlay]    # whatever the driver understands
\`\`\`

Logins and registry settings are the ecosystem's own files: \`~/.docker/config.json\` and \`/etc/containers/registries.conf\`.`;

/** docs/cli.md. */
export function markdown(): string {
  const shown = commands
    .filter(({ group }) => group !== 'hidden')
    .toSorted((a, b) => (a.paths[0] < b.paths[0] ? -1 : 1));
  const lines = [
    '<!-- Made from packages/cli/src/table by `strata __manual markdown`; do not edit. -->',
    '# The strata command',
    '',
    "Docker's verbs, flags, output columns and exit statuses. Options stop at the image: `strata run IMAGE ls -l`.",
    '',
    '## Global options',
    '',
    'Before the command, or after it where the command has no option of that name.',
    '',
    ...flagTable(globalFlags),
    '## Exit status',
    '',
    ...exitStatus.map((line) => `- ${line}`),
    '',
    configuration,
    '',
    '## Commands',
    '',
    ...shown.flatMap(section),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
