/** A bench's own directory, named after its process, so that a later bench can tell and tidy up what a killed one left. */
import { lstat, mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '@strata/core';
import type { BenchPorts } from '../ports.ts';
import { endAbandoned } from './abandoned.ts';

const NAME = /^strata-bench-(\d+)-(\d+)-/;

export interface Workplace extends AsyncDisposable {
  readonly directory: string;
}

export async function openWorkplace(ports: BenchPorts, parent: string): Promise<Workplace> {
  const { host } = ports;
  await mkdir(parent, { recursive: true });
  await removeAbandoned(ports, parent);
  const { pid, startTime } = host.processes.self;
  const directory = await mkdtemp(join(parent, `strata-bench-${pid}-${startTime}-`));
  return { directory, [Symbol.asyncDispose]: () => removeWorkplace(host, directory) };
}

/** Unmounts all of it first; refuses to delete through a mount that stays. */
export async function removeWorkplace(host: Host, directory: string): Promise<void> {
  await host.mounter.unmount(directory);
  for (const name of await readdir(directory).catch(() => []))
    await host.files.removeTree(join(directory, name));
  await rmdir(directory).catch(() => rm(directory, { recursive: true, force: true }));
}

async function removeAbandoned(ports: BenchPorts, parent: string): Promise<void> {
  const { host } = ports;
  for (const name of await readdir(parent)) {
    const [, pid, startTime] = NAME.exec(name) ?? [];
    if (pid === undefined) continue;
    if (host.processes.identify(Number(pid))?.startTime === Number(startTime)) continue;
    const directory = join(parent, name);
    if (!(await isOurs(directory))) continue;
    const stays = (error: unknown): void =>
      host.log.warn('what a killed bench left stays', { directory, error });
    await endAbandoned(ports, directory).catch(stays);
    await removeWorkplace(host, directory).catch(stays);
  }
}

/** The parent is often open to everybody, who may make such a name, or a link of it that leads elsewhere. */
async function isOurs(directory: string): Promise<boolean> {
  const { uid, mode } = await lstat(directory);
  return uid === process.geteuid?.() && (mode & 0o170777) === 0o040700;
}
