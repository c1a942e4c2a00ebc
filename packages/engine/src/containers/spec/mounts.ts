/** The mounts of a container in the order the runtime makes them: system, generated files, the user's by depth. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, StrataError } from '@strata/core';
import type { BindRequest } from '../../api/containers.ts';
import type { ContainerConfig } from '../container-config.ts';
import { generatedFiles, type MountTarget } from '../rootfs/prepare-rootfs.ts';

export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

const guarded = ['nosuid', 'noexec', 'nodev'];

/** Docker's defaults (moby daemon/pkg/oci/defaults.go). */
export function systemMounts(config: ContainerConfig, sharedMemory: string | undefined): SpecMount[] {
  const { privileged, ipc } = config;
  const access = privileged ? 'rw' : 'ro';
  const mounts: SpecMount[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: guarded },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...guarded, access] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...guarded, access] },
  ];
  // Of the IPC namespace that the container is in, so also the host's, which need not have it mounted itself.
  mounts.push({ destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: guarded });
  if (ipc === 'host') mounts.push(bind('/dev/shm', '/dev/shm'));
  else if (sharedMemory !== undefined) mounts.push(bind('/dev/shm', sharedMemory));
  else if (ipc !== 'none')
    mounts.push({
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: [...guarded, 'mode=1777', `size=${config.shmSize}`],
    });
  const replaced = new Set(config.mounts.map(({ target }) => target));
  return mounts.filter(({ destination }) => !replaced.has(destination));
}

/** Bind mounts of the files we generated, at the real place each name leads to. */
export function generatedMounts(
  directory: string,
  targets: ReadonlyMap<string, string>,
  config: ContainerConfig,
): SpecMount[] {
  const replaced = new Set(config.mounts.map(({ target }) => target));
  return generatedFiles
    .filter((path) => !replaced.has(path))
    .map((path) => ({
      ...bind(targets.get(path) ?? path, join(directory, path.slice('/etc/'.length))),
      options: ['rbind', 'rprivate', config.readOnly ? 'ro' : 'rw'],
    }));
}

/** The user's mounts; volumes are binds by now. */
export function userMounts(config: ContainerConfig, targets: ReadonlyMap<string, string>): SpecMount[] {
  const real = (target: string) => targets.get(target) ?? target;
  return config.mounts.map((mount) =>
    mount.type === 'tmpfs' ? tmpfs(mount, real(mount.target)) : requestedBind(mount, real(mount.target)),
  );
}

/** A mount on /etc goes before the one on /etc/hosts, or it would hide it. */
export function parentsFirst(mounts: readonly SpecMount[]): SpecMount[] {
  const depth = ({ destination }: SpecMount) => destination.split('/').length;
  return mounts.toSorted((a, b) => depth(a) - depth(b));
}

/** What must exist in the root filesystem. Makes missing sources of `-v`, as Docker does. */
export function mountTargets(config: ContainerConfig): MountTarget[] {
  const requested = config.mounts.map((mount) => ({ target: mount.target, kind: sourceKind(mount) }));
  return requested.sort((a, b) => a.target.length - b.target.length);
}

function sourceKind(mount: BindRequest): 'directory' | 'file' {
  if (mount.type === 'tmpfs') return 'directory';
  const source = mount.source as string;
  try {
    return statSync(source).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || mount.createSource !== true)
      throw new StrataError(
        'invalid-argument',
        'BIND_SOURCE_MISSING',
        `Bind source path does not exist: ${source}`,
        {
          hint: 'Make the directory first, or use -v, which makes it',
          cause: error,
        },
      );
    mkdirSync(source, { recursive: true });
    return 'directory';
  }
}

export function initMount(program: string): SpecMount {
  return { destination: '/dev/init', type: 'bind', source: program, options: ['bind', 'ro'] };
}

function bind(destination: string, source: string): SpecMount {
  return { destination, type: 'bind', source, options: ['rbind', 'rprivate', 'rw'] };
}

function requestedBind(mount: BindRequest, destination: string): SpecMount {
  const how = mount.recursive === false ? 'bind' : 'rbind';
  const access = mount.readOnly === true ? ['ro'] : ['rw'];
  return {
    destination,
    type: 'bind',
    source: mount.source as string,
    options: [how, mount.propagation ?? 'rprivate', ...access],
  };
}

function tmpfs(mount: BindRequest, destination: string): SpecMount {
  const options = [...guarded, ...(mount.readOnly === true ? ['ro'] : ['rw']), ...(mount.options ?? [])];
  if (mount.size !== undefined) options.push(`size=${mount.size}`);
  if (mount.mode !== undefined) options.push(`mode=${mount.mode.toString(8)}`);
  else if (!options.some((option) => option.startsWith('mode='))) options.push('mode=1777');
  // The last of two contrary flags wins, in mount(8) as here.
  const contrary = (option: string) => (option.startsWith('no') ? option.slice(2) : option);
  const effective = options.filter(
    (option, i) => options.findLastIndex((other) => contrary(other) === contrary(option)) === i,
  );
  return { destination, type: 'tmpfs', source: 'tmpfs', options: effective };
}
