import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError } from '@strata/core';
import type { ContainerConfig } from '../container-config.ts';

export interface DeviceNode {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

interface DeviceRule {
  readonly allow: boolean;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

export interface SpecDevices {
  readonly nodes: readonly DeviceNode[];
  readonly rules: readonly DeviceRule[];
}

/** Made by the runtime or of the container's own instance (pts, shm, mqueue). */
const notCopied = new Set([
  'pts',
  'shm',
  'fd',
  'mqueue',
  '.lxc',
  '.lxd-mounts',
  '.udev',
  'console',
  'ptmx',
  'init',
]);

/** `--device` and, for a privileged container, every device of the host. */
export function devicesFor(config: ContainerConfig): SpecDevices {
  const nodes: DeviceNode[] = config.privileged ? hostDevices('/dev') : [];
  const rules: DeviceRule[] = [];
  for (const { source, target, permissions } of config.devices) {
    const node = deviceNode(source, target);
    if (node === undefined)
      throw new StrataError('invalid-argument', 'DEVICE_INVALID', `${source} is not a device of this host`, {
        hint: 'Name a character or block device; `ls -l /dev` shows them',
      });
    nodes.push(node);
    const { type, major, minor } = node;
    rules.push({ allow: true, type, major, minor, access: permissions });
  }
  return {
    nodes: nodes.filter((node, i) => nodes.findLastIndex(({ path }) => path === node.path) === i),
    rules,
  };
}

/** Nothing but what the runtime adds itself (null, zero, full, random, urandom, tty, ptmx, pts) and what was asked for. */
export function deviceRules(privileged: boolean, devices: SpecDevices): DeviceRule[] {
  if (privileged) return [{ allow: true, access: 'rwm' }];
  return [{ allow: false, access: 'rwm' }, ...devices.rules];
}

function hostDevices(directory: string): DeviceNode[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (directory === '/dev' && notCopied.has(entry.name)) return [];
    if (entry.isDirectory()) return hostDevices(path);
    const node = entry.isCharacterDevice() || entry.isBlockDevice() ? deviceNode(path, path) : undefined;
    return node === undefined ? [] : [node];
  });
}

function deviceNode(source: string, target: string): DeviceNode | undefined {
  try {
    const found = statSync(realpathSync(source));
    if (!found.isCharacterDevice() && !found.isBlockDevice()) return undefined;
    const rdev = BigInt(found.rdev);
    return {
      path: target,
      type: found.isBlockDevice() ? 'b' : 'c',
      // makedev(3)
      major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
      minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
      fileMode: found.mode & 0o7777,
      uid: found.uid,
      gid: found.gid,
    };
  } catch {
    return undefined;
  }
}
