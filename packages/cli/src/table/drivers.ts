import { type CommandSpec, duration, formatFlag, list, string } from './spec.ts';

const template = string('f,format', 'json or a Go template', { value: 'template' });
const packageArgument = { name: 'PACKAGE', complete: 'file' } as const;

export const driverCommands: readonly CommandSpec[] = [
  {
    paths: ['driver ls', 'driver list'],
    group: 'commands',
    summary: 'List drivers of every kind: version, capabilities, and why one does not work here',
    args: [],
    flags: [
      formatFlag,
      string('kind', 'Only drivers of this kind', {
        complete: ['layer', 'image', 'network', 'cgroup', 'runtime'],
      }),
    ],
    handler: 'listDrivers',
  },
  {
    paths: ['driver inspect'],
    group: 'commands',
    summary: 'Display everything known about one or more drivers',
    args: [{ name: 'DRIVER', repeat: true, complete: 'storage' }],
    flags: [template],
    handler: 'inspectDrivers',
  },
  {
    paths: ['driver add'],
    group: 'commands',
    summary: 'Install a driver package and make it known',
    description:
      'npm installs the package below the root with its scripts off; its version and integrity are recorded, and its code is loaded only by commands that name the driver.',
    usage: ['NAME[@VERSION] | ./DIRECTORY | FILE.tgz'],
    args: [packageArgument],
    flags: [],
    handler: 'addDriver',
    examples: [
      ['strata driver add strata-driver-zfs', 'the newest one of the npm registry'],
      ['strata driver add ./strata-driver-mine-1.0.0.tgz', 'an archive made by npm pack'],
    ],
  },
  {
    paths: ['driver rm', 'driver remove'],
    group: 'commands',
    summary: 'Remove added drivers; refused while their layers exist',
    args: [{ name: 'DRIVER', repeat: true, complete: 'storage' }],
    flags: [],
    handler: 'removeDrivers',
  },
  {
    paths: ['driver upgrade'],
    group: 'commands',
    summary: 'Install the newest version of added drivers, or DRIVER@VERSION',
    args: [{ name: 'DRIVER[@VERSION]', repeat: true, complete: 'storage' }],
    flags: [string('from', 'Take it from this package, directory or archive', { value: 'package' })],
    handler: 'upgradeDrivers',
  },
  {
    paths: ['driver test'],
    group: 'commands',
    summary: 'Run the conformance suite of its kind against a driver',
    description:
      'The package is installed into a temporary directory as driver add would install it, and tested on filesystems and network namespaces made for the purpose. The exit status is 1 when a case fails. With --json each result is one line.',
    usage: ['NAME[@VERSION] | ./DIRECTORY | FILE.tgz'],
    args: [packageArgument],
    flags: [
      string('filesystem', 'Filesystem to test on; default: the first of these the driver supports', {
        value: 'type',
        complete: ['ext4', 'btrfs', 'xfs', 'tmpfs'],
      }),
      list('case', 'Only cases whose name contains this', { value: 'text' }),
      duration('timeout', 'What one case may take', { default: '2m' }),
    ],
    handler: 'testDriver',
    examples: [
      ['strata driver test ./strata-driver-mine-1.0.0.tgz', 'before publishing'],
      ['strata driver test bridge', 'one that is here already; cgroup/none where two kinds have the name'],
    ],
  },
  {
    paths: ['__network-suite'],
    group: 'hidden',
    summary: 'The network cases of driver test, in namespaces of their own',
    args: [{ name: 'CONFIGURATION' }],
    flags: [],
    handler: 'networkSuite',
  },
];
