/** The only file that spells conmon's arguments (conmon(8)). */
import type { MonitorOptions } from '@strata/core';
import type { Launch } from './launch.ts';

export interface ConmonRequest {
  readonly containerId: string;
  /** Directory for sockets, pid file and exit file. */
  readonly directory: string;
  readonly runtime: Launch;
  readonly runtimeRoot: string;
  readonly monitor: MonitorOptions;
  /** Path of an OCI process object: run it in the existing container. */
  readonly execSpec?: string;
  /** Wait for a client before an exec runs. */
  readonly execAttach?: boolean;
}

export function conmonArguments(request: ConmonRequest): string[] {
  const { containerId, directory, monitor } = request;
  const args = [
    ...['--api-version', '1'],
    // One fork less, and its death reaches us as a child's; setsid makes it outlive us all the same.
    '--sync',
    ...['-c', containerId, '-u', containerId, '-n', containerId],
    ...['-r', request.runtime.program, '-b', directory, '-p', `${directory}/pid`],
    ...[...request.runtime.prefix, '--root', request.runtimeRoot].flatMap((word) => ['--runtime-arg', word]),
    ...['--exit-dir', directory],
    // The socket is <directory>/attach, bound through /proc/self/fd, however long the path is.
    '--full-attach',
    // fsync of a log at the end of every container costs more than the container.
    '--no-sync-log',
    // Never --log-size-max: conmon starts an empty log at the limit and what was logged is lost.
    ...['-l', monitor.logPath === undefined ? 'null' : `k8s-file:${monitor.logPath}`],
  ];
  if (monitor.terminal) args.push('-t');
  if (monitor.stdin) args.push('-i');
  if (monitor.leaveStdinOpen) args.push('--leave-stdin-open');
  if (request.execSpec !== undefined) args.push('-e', '--exec-process-spec', request.execSpec);
  if (request.execAttach === true) args.push('--exec-attach');
  const [program, ...rest] = monitor.exitCommand ?? [];
  if (program !== undefined) args.push('--exit-command', program);
  for (const argument of rest) args.push('--exit-command-arg', argument);
  return args;
}
