/** Request and image config into one {@link ContainerConfig}. The image's half is hostile: used only after checks. */
import { posix } from 'node:path';
import { StrataError } from '@strata/core';
import type { CreateRequest } from '../api/containers.ts';
import type { ImageRunConfig, ResolvedImage } from '../api/images.ts';
import { checkRequest, invalidRequest } from './check-request.ts';
import type { ContainerConfig } from './container-config.ts';
import type { DiskLimit } from './disk-quota.ts';
import { mergeHealthcheck } from './health/health-config.ts';
import { parseSecurityOptions } from './security/security-options.ts';
import { parseSignal, signalNumber } from './signals.ts';

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const defaultShmSize = 64 * 1024 * 1024;
const sigterm = 15;

export interface MergeContext {
  readonly id: string;
  readonly parent: string | undefined;
  readonly runtime: string;
  readonly log: { readonly maxBytes: number | undefined; readonly maxFiles: number };
  readonly disk: DiskLimit | undefined;
}

export function mergeConfig(
  request: CreateRequest,
  image: ResolvedImage,
  context: MergeContext,
): { config: ContainerConfig; warnings: string[] } {
  checkRequest(request);
  const warnings: string[] = [];
  const security = parseSecurityOptions(request.securityOptions ?? []);
  const { entrypoint, command } = program(request, image.config);
  const hostname = request.hostname ?? (request.uts === 'host' ? '' : context.id.slice(0, 12));
  const config: ContainerConfig = {
    platform: [image.platform.os, image.platform.architecture, image.platform.variant]
      .filter(Boolean)
      .join('/'),
    parent: context.parent,
    entrypoint,
    command,
    env: environment(request, image.config, hostname),
    user: request.user ?? image.config.user ?? '',
    groupAdd: request.groupAdd ?? [],
    workingDirectory: workingDirectory(request.workingDirectory, image.config.workingDirectory),
    hostname,
    domainname: request.domainname ?? '',
    tty: request.tty ?? false,
    stdin: request.stdin ?? false,
    stopSignal: stopSignal(request, image.config, warnings),
    stopTimeout: request.stopTimeout ?? 10,
    ...(request.restart === undefined ? {} : { restart: request.restart }),
    readOnly: request.readOnly ?? false,
    mounts: request.mounts ?? [],
    volumes: volumes(request, image.config),
    capAdd: request.capAdd ?? [],
    capDrop: request.capDrop ?? [],
    privileged: request.privileged ?? false,
    ...security,
    securityOptions: request.securityOptions ?? [],
    ulimits: request.ulimits ?? [],
    init: request.init ?? false,
    pid: request.pid || 'private',
    ipc: request.ipc || 'private',
    uts: request.uts || 'private',
    extraHosts: request.extraHosts ?? [],
    dns: request.dns ?? [],
    dnsSearch: request.dnsSearch ?? [],
    dnsOptions: request.dnsOptions ?? [],
    ports: request.ports ?? [],
    publishAll: request.publishAll ?? false,
    devices: request.devices ?? [],
    sysctls: request.sysctls ?? {},
    shmSize: request.shmSize ?? defaultShmSize,
    oomScoreAdj: request.oomScoreAdj,
    resources: request.resources ?? {},
    ...context.disk,
    cgroupParent: request.cgroupParent || undefined,
    log: {
      driver: request.log?.driver ?? 'k8s-file',
      maxBytes: request.log?.maxBytes ?? context.log.maxBytes,
      maxFiles: request.log?.maxFiles ?? context.log.maxFiles,
    },
    runtime: request.runtime ?? context.runtime,
    exposedPorts: exposedPorts(request, image.config),
    healthcheck: mergeHealthcheck(request.healthcheck, image.config.healthcheck, warnings),
    ...(image.config.shell === undefined ? {} : { shell: image.config.shell }),
  };
  return { config, warnings };
}

/** docker run: `--entrypoint` drops the image's CMD as well. */
function program(request: CreateRequest, image: ImageRunConfig): { entrypoint: string[]; command: string[] } {
  const replaced = request.entrypoint !== undefined;
  const entrypoint = [...(request.entrypoint ?? image.entrypoint ?? [])].filter(
    (_, i, all) => i > 0 || all[0] !== '',
  );
  const given = request.command ?? [];
  const command = [...(given.length > 0 ? given : replaced ? [] : (image.command ?? []))];
  const all = [...entrypoint, ...command];
  if (all.length === 0)
    throw new StrataError('invalid-argument', 'NO_COMMAND', 'No command specified', {
      hint: 'The image names no command; give one after the image name',
    });
  if (all.some((argument) => argument.includes('\0')) || all.join('\0').length > 1024 * 1024)
    throw invalidRequest('command', 'must not contain NUL and must be smaller than 1 MiB');
  return { entrypoint, command };
}

function environment(request: CreateRequest, image: ImageRunConfig, hostname: string): string[] {
  const merged = new Map<string, string>();
  const add = (line: string) => {
    const at = line.indexOf('=');
    if (at > 0 && !line.includes('\0')) merged.set(line.slice(0, at), line);
  };
  add(defaultPath);
  if (hostname !== '') add(`HOSTNAME=${hostname}`);
  if (request.tty === true) add('TERM=xterm');
  for (const line of image.env) add(line);
  for (const line of request.env ?? []) {
    if (line.includes('\0')) throw invalidRequest('env', 'must not contain NUL');
    // `-e NAME` of a variable that is not set takes the image's away.
    if (line.includes('=')) add(line);
    else merged.delete(line);
  }
  return [...merged.values()];
}

/**
 * Below /proc/<pid> a directory is a door into whatever a process holds open (CVE-2024-21626): no working directory
 * is there.
 */
export function workingDirectory(given: string | undefined, image: string | undefined): string {
  if (given !== undefined && given !== '' && !given.startsWith('/'))
    throw invalidRequest('workdir', `must be an absolute path, not ${JSON.stringify(given)}`);
  const path = given || image || '/';
  const normal = posix.resolve('/', path);
  if (path.includes('\0') || path.length > 4096) throw invalidRequest('workdir', 'is not a path');
  if (/^\/proc\/(self|thread-self|\d+)(\/|$)/.test(normal))
    throw invalidRequest('workdir', `must not be below a process in /proc: ${normal}`);
  return normal;
}

/** `-p` exposes as well, as docker inspect shows it. */
function exposedPorts(request: CreateRequest, image: ImageRunConfig): string[] {
  const published = (request.ports ?? []).map(
    ({ containerPort, protocol }) => `${containerPort}/${protocol}`,
  );
  const exposed = [...image.exposedPorts, ...(request.exposedPorts ?? [])];
  const named = exposed.map((port) => (port.includes('/') ? port : `${port}/tcp`));
  return [...new Set([...named, ...published])].sort();
}

function stopSignal(request: CreateRequest, image: ImageRunConfig, warnings: string[]): number {
  if (request.stopSignal !== undefined) return parseSignal(request.stopSignal);
  if (image.stopSignal === undefined || image.stopSignal === '') return sigterm;
  const signal = signalNumber(image.stopSignal);
  if (signal === undefined)
    warnings.push(`The image's STOPSIGNAL ${JSON.stringify(image.stopSignal)} is unknown; SIGTERM is used`);
  return signal ?? sigterm;
}

function volumes(request: CreateRequest, image: ImageRunConfig): string[] {
  const mounted = new Set((request.mounts ?? []).map(({ target }) => posix.resolve('/', target)));
  const targets = image.volumes
    .filter((path) => !path.includes('\0'))
    .map((path) => posix.resolve('/', path));
  for (const target of targets) if (target === '/') throw invalidRequest('image', 'declares / as a volume');
  return [...new Set(targets)].filter((target) => !mounted.has(target)).sort();
}
