/**
 * A container's log: `container.log`, which its monitor writes, and what was rotated out of it, `container.log.1` the
 * newest. Only the keeper (`keeper/keep.ts`) rotates, so there is one at a time.
 */

import { linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from '@strata/core';

export function logPath(containerDirectory: string): string {
  return `${containerDirectory}/container.log`;
}

/**
 * Give the present file its second name, and move older ones up; then `reopen` has the monitor go on in a new file,
 * renamed over the first name. It writes to the old one until then, so no line is lost, and a crash at any point is
 * finished by the next call. At most `maxFiles` are kept.
 */
export async function rotateLog(log: string, maxFiles: number, reopen: () => Promise<void>): Promise<void> {
  const current = inode(log);
  if (current === undefined) return;
  if (maxFiles > 1 && inode(`${log}.1`) !== current) {
    rmSync(`${log}.${maxFiles - 1}`, { force: true });
    for (let n = maxFiles - 2; n >= 1; n--)
      if (inode(`${log}.${n}`) !== undefined) renameSync(`${log}.${n}`, `${log}.${n + 1}`);
    linkSync(log, `${log}.1`);
  }
  await reopen();
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

/** What was logged after `file`: the next older file that is not it; `undefined`: it is the newest. */
export async function openNext(
  log: string,
  maxFiles: number,
  file: LogFile | undefined,
): Promise<LogFile | undefined> {
  // The common question, without opening anything.
  if (file !== undefined && inode(log) === file.inode) return undefined;
  const files = await openLogs(log, maxFiles);
  const at = files.findIndex((known) => known.inode === file?.inode);
  // One that is not there any more was the oldest.
  const next = files[at + 1];
  await Promise.all(files.filter((known) => known !== next).map(({ handle }) => handle.close()));
  return next;
}

async function openLog(path: string): Promise<LogFile | undefined> {
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
