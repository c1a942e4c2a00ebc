/**
 * Rotation. At its size limit conmon replaces the log by an empty one (rename over it), which would lose what was
 * logged. A second name for the current file, `container.log.1`, makes that rename a rotation: the old file stays
 * under it. The name is given ahead of time by whoever touches the container, and older ones move up.
 */

import { linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from '@strata/core';

export function logPath(containerDirectory: string): string {
  return `${containerDirectory}/container.log`;
}

/** Make sure the next rotation keeps the present file. Two processes at once do no harm: one link fails. */
export function keepRotated(log: string, maxFiles: number): void {
  try {
    const current = inode(log);
    if (current === undefined || maxFiles < 2 || inode(`${log}.1`) === current) return;
    rmSync(`${log}.${maxFiles - 1}`, { force: true });
    for (let n = maxFiles - 2; n >= 1; n--)
      if (inode(`${log}.${n}`) !== undefined) renameSync(`${log}.${n}`, `${log}.${n + 1}`);
    linkSync(log, `${log}.1`);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' && errnoOf(error) !== 'ENOENT') throw error;
  }
}

export interface LogFile {
  readonly path: string;
  readonly inode: string;
  readonly handle: FileHandle;
}

/** Oldest first, each file once, opened: a rotation in the middle of reading changes nothing. */
export async function openLogs(log: string, maxFiles: number): Promise<LogFile[]> {
  const files: LogFile[] = [];
  const paths = [log, ...Array.from({ length: maxFiles }, (_, n) => `${log}.${n + 1}`)];
  for (const path of paths) {
    const file = await openLog(path);
    if (file === undefined) continue;
    if (files.some((known) => known.inode === file.inode)) await file.handle.close();
    else files.unshift(file);
  }
  return files;
}

export async function openLog(path: string): Promise<LogFile | undefined> {
  try {
    const handle = await open(path, 'r');
    const { dev, ino } = await handle.stat({ bigint: true });
    return { path, inode: `${dev}:${ino}`, handle };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function inode(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}
