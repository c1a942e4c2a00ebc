import type { CreateRequest } from '@strata/engine';
import type { CommandContext } from '../context.ts';
import type { Flags } from '../parse/flag-reader.ts';
import { parseBytes } from '../parse/values.ts';
import { defined, some, splitPair } from './defined.ts';
import { readEnvironment, readLabels } from './environment.ts';
import { readHealthcheck } from './health.ts';
import { readCreateResources, readDisk, readUlimits } from './limits.ts';
import { readMounts } from './mounts.ts';
import { readNetworkOptions } from './network.ts';
import { readPolicy } from './restart.ts';

type Device = NonNullable<CreateRequest['devices']>[number];

/** `--device host[:container][:rwm]`. */
function parseDevice(text: string, fail: (problem: string) => Error): Device {
  const parts = text.split(':');
  const [source = '', second, third] = parts;
  const isMode = (word: string | undefined): boolean => word !== undefined && /^[rwm]{1,3}$/.test(word);
  if (!source.startsWith('/') || parts.length > 3) throw fail(`invalid device specification: ${text}`);
  const target = second === undefined || (third === undefined && isMode(second)) ? source : second;
  const permissions = third ?? (isMode(second) && parts.length === 2 ? second! : 'rwm');
  if (!target.startsWith('/') || !isMode(permissions)) throw fail(`invalid device specification: ${text}`);
  return { source, target, permissions };
}

function checkHost(text: string, fail: (problem: string) => Error): string {
  const separator = text.includes('=') ? '=' : ':';
  const [host, address] = splitPair(text, separator);
  if (host === '' || address === undefined || address === '')
    throw fail(`bad format for add-host: "${text}"`);
  return `${host}:${address.replace(/^\[(.*)\]$/, '$1')}`;
}

function pullPolicy(flags: Flags): 'missing' | 'always' | 'never' {
  const pull = flags.string('pull');
  if (pull === 'missing' || pull === 'always' || pull === 'never') return pull;
  throw flags.conflict(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
}

/** `json-file` and `local` are written everywhere for "in a file of yours", which k8s-file is, as podman reads them. */
function logDriver(flags: Flags): 'k8s-file' | 'none' | undefined {
  const driver = flags.string('log-driver');
  if (driver === 'json-file' || driver === 'local') return 'k8s-file';
  if (driver === undefined || driver === 'k8s-file' || driver === 'none') return driver;
  throw flags.invalid('log-driver', driver, 'the log drivers are k8s-file and none');
}

function logOptions(flags: Flags): CreateRequest['log'] {
  const driver = logDriver(flags);
  let maxBytes: number | undefined;
  let maxFiles: number | undefined;
  for (const text of flags.list('log-opt')) {
    const [name, value = ''] = splitPair(text);
    if (name === 'max-size') maxBytes = parseBytes(value);
    else if (name === 'max-file') maxFiles = /^[1-9]\d*$/.test(value) ? Number(value) : undefined;
    else
      throw flags.invalid(
        'log-opt',
        text,
        `unknown log option "${name}"; the options are max-size and max-file`,
      );
    if ((name === 'max-size' ? maxBytes : maxFiles) === undefined)
      throw flags.invalid('log-opt', text, 'bad value');
  }
  const log = defined({ driver, maxBytes, maxFiles });
  return Object.keys(log).length > 0 ? log : undefined;
}

function sysctls(flags: Flags): CreateRequest['sysctls'] {
  const entries = flags.list('sysctl').map((text) => {
    const [name, value] = splitPair(text);
    if (name === '' || value === undefined) throw flags.invalid('sysctl', text, 'expected name=value');
    return [name, value] as const;
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function policyOf(flags: Flags): CreateRequest['restart'] {
  const policy = readPolicy(flags);
  if (policy !== undefined && policy.name !== 'no' && flags.bool('rm'))
    throw flags.conflict('conflicting options: cannot specify both --restart and --rm');
  return policy;
}

function identity(flags: Flags) {
  const labels = readLabels(flags);
  return {
    name: flags.string('name'),
    platform: flags.string('platform'),
    runtime: flags.string('runtime'),
    labels: Object.keys(labels).length > 0 ? labels : undefined,
    log: logOptions(flags),
    autoRemove: flags.bool('rm') || undefined,
    restart: policyOf(flags),
  };
}

function processOptions(flags: Flags, env: NodeJS.ProcessEnv) {
  const entrypoint = flags.string('entrypoint');
  return {
    entrypoint: entrypoint === undefined ? undefined : entrypoint === '' ? [] : [entrypoint],
    env: some(readEnvironment(flags, env)),
    workingDirectory: flags.string('workdir'),
    user: flags.string('user'),
    groupAdd: some(flags.list('group-add')),
    tty: flags.bool('tty') || undefined,
    stdin: flags.bool('interactive') || undefined,
    ulimits: some(readUlimits(flags)),
    stopSignal: flags.string('stop-signal'),
    stopTimeout: flags.number('stop-timeout'),
    init: flags.bool('init') || undefined,
    oomScoreAdj: flags.number('oom-score-adj'),
  };
}

function isolation(flags: Flags) {
  const devices = flags.list('device').map((text) => {
    return parseDevice(text, (problem) => flags.invalid('device', text, problem));
  });
  return {
    readOnly: flags.bool('read-only') || undefined,
    mounts: some(readMounts(flags)),
    volumesFrom: some(flags.list('volumes-from')),
    capAdd: some(flags.list('cap-add')),
    capDrop: some(flags.list('cap-drop')),
    privileged: flags.bool('privileged') || undefined,
    securityOptions: some(flags.list('security-opt')),
    pid: flags.string('pid'),
    ipc: flags.string('ipc'),
    uts: flags.string('uts'),
    devices: some(devices),
    sysctls: sysctls(flags),
    shmSize: flags.number('shm-size'),
    cgroupParent: flags.string('cgroup-parent'),
  };
}

function network(flags: Flags) {
  const hosts = flags.list('add-host').map((text) => {
    return checkHost(text, (problem) => flags.invalid('add-host', text, problem));
  });
  return {
    hostname: flags.string('hostname'),
    domainname: flags.string('domainname'),
    extraHosts: some(hosts),
    ...readNetworkOptions(flags),
  };
}

/** The command line of create or run as the engine's request. @throws UsageError */
export function readCreateRequest({ flags, args, io, settings }: CommandContext): CreateRequest {
  const [image = '', ...command] = args;
  const resources = readCreateResources(flags);
  return {
    image,
    ...defined({
      ...identity(flags),
      healthcheck: readHealthcheck(flags),
      ...processOptions(flags, io.env),
      ...isolation(flags),
      ...network(flags),
      command: some(command),
      pull: pullPolicy(flags),
      storage: flags.string('storage') ?? settings.storage,
      ...readDisk(flags),
      resources: Object.keys(resources).length > 0 ? resources : undefined,
    }),
  };
}
