/** A root filesystem of busybox, and containers in it. Each test file has its own. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DriverContext, MonitoredProcess, RuntimeDriver } from '@strata/core';
import { createHost } from '@strata/host';
import type { RuntimeOptions } from '../src/index.ts';

export const base = mkdtempSync('/dev/shm/runtime-oci-test-');
export const host = createHost();
const ending = new AbortController();

export function context(options: RuntimeOptions = {}): DriverContext<RuntimeOptions> {
  const runDirectory = join(base, 'run');
  mkdirSync(runDirectory, { recursive: true });
  return { root: base, runDirectory, options, host, log: host.log, signal: ending.signal };
}

export function makeRootfs(): void {
  mkdirSync(join(base, 'rootfs/bin'), { recursive: true });
  for (const name of ['proc', 'dev', 'sys', 'etc', 'tmp']) mkdirSync(join(base, 'rootfs', name));
  copyFileSync('/bin/busybox', join(base, 'rootfs/bin/busybox'));
  for (const name of ['sh', 'cat', 'sleep', 'true', 'yes'])
    symlinkSync('busybox', join(base, 'rootfs/bin', name));
}

export function removeAll(): void {
  ending.abort();
  rmSync(base, { recursive: true, force: true });
}

export interface Wanted {
  readonly args: readonly string[];
  readonly terminal?: boolean;
  readonly stdin?: boolean;
  readonly exitCommand?: readonly string[];
  readonly by: RuntimeDriver;
  /** Of `config.linux`. */
  readonly linux?: object;
  readonly mounts?: readonly object[];
  readonly capabilities?: readonly string[];
}

export async function create({
  args,
  terminal = false,
  stdin = false,
  exitCommand,
  by,
  linux = {},
  mounts = [],
  capabilities = [],
}: Wanted): Promise<MonitoredProcess> {
  // Also names its cgroup, which the containers of the other test files must not share.
  const id = randomBytes(32).toString('hex');
  const bundle = join(base, 'bundles', id);
  mkdirSync(bundle, { recursive: true });
  const config = {
    ociVersion: '1.0.2',
    process: {
      terminal,
      user: { uid: 0, gid: 0 },
      args,
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: join(base, 'rootfs') },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
      },
      ...mounts,
    ],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type })), ...linux },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  const monitor = { terminal, stdin, leaveStdinOpen: false, logPath: join(bundle, 'log') };
  return await by.create({
    id,
    bundle,
    runDirectory: bundle,
    monitor: exitCommand === undefined ? monitor : { ...monitor, exitCommand },
  });
}
