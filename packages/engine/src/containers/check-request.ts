/** The parts of a request that reach files, mounts or the kernel, checked against closed sets. */
import { isIP } from 'node:net';
import { posix } from 'node:path';
import { StrataError } from '@strata/core';
import type { BindRequest, CreateRequest } from '../api/containers.ts';
import { checkPorts, exposedPort } from '../networks/plan-ports.ts';

const hostnamePattern = /^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/;
const tmpfsOptions =
  /^(r[ow]|(no)?(exec|suid|dev|atime|diratime|relatime)|strictatime|(size|mode|uid|gid|nr_inodes|nr_blocks)=[0-9]+[kmgKMG%]?)$/;
/** docker run --sysctl: what belongs to the container's own namespaces. */
const ipcSysctls =
  /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\.[a-z_]+)$/;
const networkSysctls = /^net\.[a-zA-Z0-9_.\-/]+$/;

export function invalidRequest(
  what: string,
  sentence: string,
  hint = '`strata run --help` shows how each option is written',
): StrataError {
  return new StrataError('invalid-argument', 'CONTAINER_REQUEST_INVALID', `The ${what} ${sentence}`, {
    hint,
  });
}

export function checkRequest(request: CreateRequest): void {
  const { hostname, domainname, stopTimeout, shmSize, oomScoreAdj, tty, log } = request;
  for (const name of [hostname, domainname])
    if (name !== undefined && name !== '' && !hostnamePattern.test(name))
      throw invalidRequest(
        'hostname',
        `must be letters, digits, dots and hyphens, not ${JSON.stringify(name)}`,
      );
  if (hostname !== undefined && request.uts === 'host')
    throw invalidRequest('hostname', 'cannot be set in the namespace of the host');
  if (request.autoRemove === true && (request.restart?.name ?? 'no') !== 'no')
    throw invalidRequest('restart policy', 'is of no use to a container that is removed when it ends');
  checkNumber('number of restarts', request.restart?.maximum, 0, 2 ** 31);
  checkNumber('stop timeout', stopTimeout, -1, 2 ** 31);
  checkNumber('size of /dev/shm', shmSize, 1, Number.MAX_SAFE_INTEGER);
  checkNumber('OOM score adjustment', oomScoreAdj, -1000, 1000);
  checkNumber('size of a log file', log?.maxBytes, 16 * 1024, Number.MAX_SAFE_INTEGER);
  checkNumber('number of log files', log?.maxFiles, 1, 1000);
  for (const mount of request.mounts ?? []) checkMount(mount);
  checkHosts(request);
  checkSysctls(request);
  checkLimits(request);
  for (const [name, value] of Object.entries(request.labels ?? {}))
    if (name === '' || name.includes('\0') || value.includes('\0'))
      throw invalidRequest('label', 'must have a name and contain no NUL');
  if (tty !== undefined && typeof tty !== 'boolean') throw invalidRequest('tty', 'must be true or false');
}

function checkMount(mount: BindRequest): void {
  const { source, target, type, options } = mount;
  if (!target.startsWith('/') || target.includes('\0') || target.length > 4096)
    throw invalidRequest('mount target', `must be an absolute path: ${JSON.stringify(target)}`);
  if (posix.resolve('/', target) === '/') throw invalidRequest('mount target', "can't be '/'");
  if (type === 'bind' && (source === undefined || !source.startsWith('/') || source.includes('\0')))
    throw invalidRequest('bind source', `must be an absolute path: ${JSON.stringify(source ?? '')}`);
  for (const option of options ?? [])
    if (!tmpfsOptions.test(option))
      throw invalidRequest('mount option', `${JSON.stringify(option)} is not known`);
  checkNumber('size of the tmpfs', mount.size, 0, Number.MAX_SAFE_INTEGER);
  checkNumber('mode of the tmpfs', mount.mode, 0, 0o7777);
}

function checkHosts(request: CreateRequest): void {
  for (const line of request.extraHosts ?? []) {
    const at = line.search(/[:=]/);
    const [name, address] = [line.slice(0, at), line.slice(at + 1).replace(/^\[(.*)\]$/, '$1')];
    if (at < 1 || !/^[a-zA-Z0-9_.-]+$/.test(name) || (isIP(address) === 0 && address !== 'host-gateway'))
      throw invalidRequest('extra host', `must be NAME:ADDRESS, not ${JSON.stringify(line)}`);
  }
  for (const address of request.dns ?? [])
    if (isIP(address) === 0)
      throw invalidRequest('name server', `${JSON.stringify(address)} is not an IP address`);
  for (const option of request.dnsOptions ?? [])
    if (!/^[a-zA-Z0-9:_-]+$/.test(option))
      throw invalidRequest('DNS option', `${JSON.stringify(option)} is not one of resolv.conf`);
  checkPorts(request.ports ?? []);
  for (const port of request.exposedPorts ?? [])
    if (exposedPort(port) === undefined)
      throw invalidRequest('exposed port', `must be PORT[/tcp|udp|sctp], not ${JSON.stringify(port)}`);
  for (const domain of request.dnsSearch ?? [])
    if (!/^[a-zA-Z0-9._-]+$/.test(domain))
      throw invalidRequest('search domain', `${JSON.stringify(domain)} is not a domain`);
}

function checkSysctls(request: CreateRequest): void {
  for (const [name, value] of Object.entries(request.sysctls ?? {})) {
    const allowed =
      (ipcSysctls.test(name) && request.ipc !== 'host') ||
      (networkSysctls.test(name) && (request.networks?.[0]?.network ?? request.network) !== 'host');
    if (!allowed || name.includes('..') || /[\0\n]/.test(value))
      throw invalidRequest('sysctl', `${JSON.stringify(name)} is not one of the container's own`);
  }
}

function checkLimits(request: CreateRequest): void {
  for (const { name, soft, hard } of request.ulimits ?? []) {
    if (!/^[a-z]{2,12}$/.test(name)) throw invalidRequest('ulimit', `${JSON.stringify(name)} is not known`);
    checkNumber(`ulimit ${name}`, soft, -1, Number.MAX_SAFE_INTEGER);
    checkNumber(`ulimit ${name}`, hard, -1, Number.MAX_SAFE_INTEGER);
    if (hard !== -1 && (soft > hard || soft === -1))
      throw invalidRequest(`ulimit ${name}`, 'must have a soft limit that is not above the hard one');
  }
  for (const { source, target, permissions } of request.devices ?? [])
    if (!source.startsWith('/') || !target.startsWith('/') || !/^[rwm]{1,3}$/.test(permissions))
      throw invalidRequest('device', `must be /PATH:/PATH:rwm, not ${source}:${target}:${permissions}`);
}

function checkNumber(what: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw invalidRequest(what, `must be a whole number from ${least} to ${most}`);
}
