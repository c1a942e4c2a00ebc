import { bool, type CommandSpec, int, string } from './spec.ts';

/** Ids of the workloads, for completion; packages/bench has them, and a test compares. */
export const benchWorkloads = [
  'unpack',
  'prepare',
  'read-tree',
  'small-files',
  'large-file',
  'copy-up',
  'storm',
  'fio',
  'changes',
  'remove',
  'clone',
  'start',
  'parallel',
  'disk-space',
  'page-cache',
] as const;

export const benchCommands: readonly CommandSpec[] = [
  {
    paths: ['bench'],
    group: 'commands',
    summary: 'Measure drivers against each other',
    description: [
      'Drivers take turns, each on a filesystem of its own; the report gives median, spread, a 95 % confidence interval and the ratio to the first driver, and says when a difference is noise. Without a kind, layer drivers are measured.',
      `Workloads of layer drivers: ${benchWorkloads.join(', ')}. Of network drivers: attach, throughput. Of cgroup drivers: lifecycle, use.`,
      'Ctrl-C ends the run and keeps what was measured. Nothing is left behind, and the store is not touched; what a killed bench left, the next one removes.',
      'The exit status is 1 when a workload failed with a driver, 130 after Ctrl-C. With --fail-on-regression it is also 1 when something got worse beyond noise, when a figure of the baseline could not be measured again, or when there is nothing in common.',
    ].join('\n\n'),
    args: [{ name: 'layer|network|cgroup', optional: true, complete: ['layer', 'network', 'cgroup'] }],
    flags: [
      string(
        'storage',
        'Layer drivers to measure, the first one is compared with (default all that work here)',
        {
          value: 'a,b,c',
          complete: 'storage',
        },
      ),
      string('driver', 'Network or cgroup drivers to measure (default all that work here)', {
        value: 'a,b,c',
      }),
      string('image', 'Image for the workloads that need one, from the store or its registry', {
        value: 'image',
        complete: 'image',
      }),
      bool('synthetic', 'Make an image instead: five layers, the same bytes on every machine (default)'),
      string('workload', 'Only these workloads', { value: 'a,b,c', complete: benchWorkloads }),
      string('command', 'A workload of your own: run this by sh -c in a container of the image', {
        value: 'command',
      }),
      string('network', 'Network of the container of --command', { value: 'network' }),
      int('runs', 'Runs of each workload (default as many as its time allows, at least 3)', { value: 'n' }),
      string('backing', 'Where the drivers keep their data: a directory, "loop" or "memory"', {
        value: 'dir|loop|memory',
        complete: 'directory',
      }),
      bool('cold', 'Also drop the page cache of the whole machine before first reads, with --backing=DIR'),
      string('baseline', 'Compare with an earlier report made by --json', {
        value: 'file',
        complete: 'file',
      }),
      bool(
        'fail-on-regression',
        'Exit with 1 when something is worse than the baseline beyond noise, or gone',
      ),
      string('json', 'Write the report as JSON, "-": to standard output', {
        value: 'file',
        complete: 'file',
      }),
      string('markdown', 'Write the report as Markdown, "-": to standard output', {
        value: 'file',
        complete: 'file',
      }),
      string('html', 'Write the report as one HTML file, "-": to standard output', {
        value: 'file',
        complete: 'file',
      }),
    ],
    handler: 'bench',
    examples: [
      [
        'strata bench --storage=overlay,btrfs --html report.html',
        'two drivers, everything, a report to look at',
      ],
      ['strata bench --backing /srv --workload=unpack,copy-up', 'on the disk that will be used'],
      ["strata bench --image debian --command 'apt-get update'", 'your own work instead of ours'],
      ['strata bench --baseline before.json --fail-on-regression', 'in CI'],
    ],
  },
];
