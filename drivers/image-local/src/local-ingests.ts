import { readdir, rm, stat } from 'node:fs/promises';
import type { IngestInfo, Locks } from '@strata/core';
import { digestOfIngest, type LocalLayout } from './local-layout.ts';

async function dataFiles(layout: LocalLayout): Promise<string[]> {
  const names = await readdir(layout.ingests);
  return names.filter((name) => !name.endsWith('.lock'));
}

/** What is on its way, and whether somebody is at it. */
export async function listIngests(layout: LocalLayout, locks: Locks): Promise<IngestInfo[]> {
  const found: IngestInfo[] = [];
  for (const name of await dataFiles(layout)) {
    const lock = await locks.tryAcquire(layout.ingestLock(name));
    const facts = await stat(layout.ingest(name)).catch(() => undefined);
    await lock?.release();
    if (facts === undefined) continue;
    found.push({
      digest: digestOfIngest(name),
      offset: facts.size,
      updated: facts.mtime,
      active: lock === undefined,
    });
  }
  return found;
}

/** Remove what nobody holds and nobody touched since `olderThan`. */
export async function pruneIngests(layout: LocalLayout, locks: Locks, olderThan: Date): Promise<number> {
  let freed = 0;
  for (const name of await dataFiles(layout)) {
    const lock = await locks.tryAcquire(layout.ingestLock(name));
    if (lock === undefined) continue;
    try {
      const facts = await stat(layout.ingest(name)).catch(() => undefined);
      if (facts === undefined || facts.mtime >= olderThan) continue;
      await rm(layout.ingest(name), { force: true });
      freed += facts.size;
      if (digestOfIngest(name) === undefined) await rm(layout.ingestLock(name), { force: true });
    } finally {
      await lock.release();
    }
  }
  return freed;
}
