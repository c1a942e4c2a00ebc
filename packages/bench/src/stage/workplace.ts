/** A bench's own directory, named after its process, so that a later bench can tell and tidy up what a killed one left. */
import { mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '@strata/core';

const NAME = /^strata-bench-(\d+)-(\d+)-/;

export interface Workplace extends AsyncDisposable {
  readonly directory: string;
}

export async function openWorkplace(host: Host, parent: string): Promise<Workplace> {
  await mkdir(parent, { recursive: true });
  await removeAbandoned(host, parent);
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

async function removeAbandoned(host: Host, parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid, startTime] = NAME.exec(name) ?? [];
    if (pid === undefined) continue;
    if (host.processes.identify(Number(pid))?.startTime === Number(startTime)) continue;
    await removeWorkplace(host, join(parent, name)).catch((error: unknown) =>
      host.log.warn('what a killed bench left stays', { directory: join(parent, name), error }),
    );
  }
}
