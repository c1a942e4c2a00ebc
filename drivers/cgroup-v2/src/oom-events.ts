import { watch } from 'node:fs';
import { errnoOf } from '@strata/core';
import type { CgroupDirectory } from './cgroup-directory.ts';
import { oomKills } from './stats.ts';

/**
 * The kernel tells inotify(7) watchers when `memory.events` changes. Removing the cgroup may tell nobody, hence the
 * look every few seconds.
 */
const lookEvery = 5000;

export async function* oomEvents(
  cgroup: CgroupDirectory,
  signal: AbortSignal,
): AsyncGenerator<{ kind: 'oom'; at: Date }> {
  if (signal.aborted) return;
  let changed = Promise.withResolvers<void>();
  const wake = () => changed.resolve();
  const watcher = watchFile(cgroup.file('memory.events'), wake);
  const timer = setInterval(wake, lookEvery);
  signal.addEventListener('abort', wake);
  try {
    for (let seen = oomKills(cgroup); !signal.aborted && cgroup.exists(); ) {
      const now = oomKills(cgroup);
      for (; seen < now; seen++) yield { kind: 'oom', at: new Date() };
      await changed.promise;
      changed = Promise.withResolvers();
    }
  } finally {
    signal.removeEventListener('abort', wake);
    clearInterval(timer);
    watcher?.close();
  }
}

function watchFile(file: string, changed: () => void) {
  try {
    return watch(file, changed).on('error', changed);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOSPC') return undefined;
    throw error;
  }
}
