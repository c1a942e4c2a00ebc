import { type ArgSpec, bool, type CommandSpec, changeFlag, string } from './spec.ts';

const container: ArgSpec = { name: 'CONTAINER', complete: 'container' };

/** `ps` → `ps`, `container ps`. */
export const both = (name: string, ...others: string[]): [string, ...string[]] => [
  name,
  `container ${name}`,
  ...others,
];

/** What is done with the files of a container. */
export const containerFileCommands: readonly CommandSpec[] = [
  {
    paths: both('diff'),
    group: 'commands',
    summary: "Inspect changes to files or directories on a container's filesystem",
    args: [container],
    flags: [],
    handler: 'diff',
  },
  {
    paths: both('cp'),
    group: 'commands',
    summary: 'Copy files/folders between a container and the local filesystem',
    description:
      "Use '-' as the source to read a tar archive from stdin and extract it to a directory in a container.\nUse '-' as the destination to stream a tar archive of a container source to stdout.",
    args: [
      { name: 'SRC_PATH', complete: 'container' },
      { name: 'DEST_PATH', complete: 'container' },
    ],
    usage: ['CONTAINER:SRC_PATH DEST_PATH|-', 'SRC_PATH|- CONTAINER:DEST_PATH'],
    flags: [
      bool('a,archive', 'Archive mode (copy all uid/gid information)'),
      bool('L,follow-link', 'Always follow symbol link in SRC_PATH'),
      bool('q,quiet', 'Suppress progress output during copy'),
    ],
    handler: 'cp',
  },
  {
    paths: both('commit'),
    group: 'commands',
    summary: "Create a new image from a container's changes",
    args: [container, { name: 'REPOSITORY[:TAG]', optional: true }],
    flags: [
      string('a,author', 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")'),
      changeFlag,
      string('m,message', 'Commit message'),
      bool('p,pause', 'Pause container during commit', { default: true }),
    ],
    handler: 'commit',
  },
  {
    paths: both('export'),
    group: 'commands',
    summary: "Export a container's filesystem as a tar archive",
    args: [container],
    flags: [string('o,output', 'Write to a file, instead of STDOUT', { value: 'file', complete: 'file' })],
    handler: 'exportTar',
  },
];
