import { type CommandSpec, string } from './spec.ts';

export const snapshotterCommands: readonly CommandSpec[] = [
  {
    paths: ['snapshotter'],
    group: 'commands',
    summary: 'Serve a layer driver to containerd and Kubernetes nodes as a proxy snapshotter',
    description: [
      "Runs until SIGTERM or Ctrl-C, then lets calls under way finish. Name the socket in a [proxy_plugins] entry of containerd's configuration, see docs/containerd.md.",
      "containerd's layers are kept apart from Strata's own: neither shows, prunes or repairs the other's.",
    ].join('\n\n'),
    args: [],
    flags: [
      string(
        'address',
        'Socket to make, or fd:// for the one systemd passed (default "/run/strata/snapshotter/DRIVER.sock")',
        { value: 'path', complete: 'file' },
      ),
      string('owner', 'Whose layers to serve; one name per containerd that uses the driver', {
        default: 'containerd',
        value: 'name',
      }),
    ],
    handler: 'snapshotter',
    examples: [['strata snapshotter --storage=btrfs', "containerd's images and containers on btrfs"]],
  },
];
