import { signalName } from '../signals.ts';
import type { ContainerRecord } from '../state/container-record.ts';

/** Docker's `Config`. */
export function inspectConfig({ config, labels, image }: ContainerRecord): Record<string, unknown> {
  const set = (names: readonly string[]) =>
    names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, {}]));
  return {
    Hostname: config.hostname,
    Domainname: config.domainname,
    User: config.user,
    AttachStdin: config.stdin,
    AttachStdout: true,
    AttachStderr: true,
    ...(config.exposedPorts.length > 0 ? { ExposedPorts: set(config.exposedPorts) } : {}),
    Tty: config.tty,
    OpenStdin: config.stdin,
    StdinOnce: config.stdin,
    Env: config.env,
    Cmd: config.command.length > 0 ? config.command : null,
    Image: image,
    Volumes: set(config.volumes),
    WorkingDir: config.workingDirectory === '/' ? '' : config.workingDirectory,
    Entrypoint: config.entrypoint.length > 0 ? config.entrypoint : null,
    OnBuild: null,
    Labels: labels,
    StopSignal: signalName(config.stopSignal),
    StopTimeout: config.stopTimeout,
    ...(config.healthcheck === undefined ? {} : { Healthcheck: config.healthcheck }),
  };
}
