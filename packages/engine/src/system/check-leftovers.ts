import { existsSync } from 'node:fs';
import { readdir, realpath, rmdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { InternalServices } from '../internal-services.ts';
import { takeDown, UNUSED_HELD_MOUNT } from '../storage/held-mounts.ts';
import { snapshotterLock } from '../storage/open-snapshotter.ts';
import type { Findings } from './findings.ts';

/** Temporary files younger than this may be somebody's work. */
const FRESH = 3600 * 1000;

/** Mounts and temporary files under the root that nobody owns. */
export async function checkLeftovers(services: InternalServices, findings: Findings): Promise<void> {
  await checkMounts(services, findings);
  await checkHeldMounts(services, findings);
  await checkTemporary(services, findings);
}

async function checkMounts(services: InternalServices, findings: Findings): Promise<void> {
  const { paths, database, host } = services;
  const owners = new Set(database.all<{ id: string }>('SELECT id FROM containers').map((row) => row.id));
  const left = new Set<string>();
  for (const { target } of await host.mounter.list(paths.root)) {
    const [top, owner] = relative(paths.root, target).split('/');
    if (top === 'containers' && owner !== undefined && !owners.has(owner))
      left.add(join(paths.containers, owner));
    if (top === 'tmp' && owner !== undefined) left.add(join(paths.temporary, owner));
  }
  const abandoned = await host.mounter.abandoned();
  for (const place of abandoned) left.add(place);
  for (const subject of left)
    await findings.add({
      code: 'MOUNT_LEFT',
      message: `Something is mounted in ${subject}, which belongs to nothing`,
      subject,
      repair: 'unmount it',
      fix: async () => {
        await host.mounter.unmount(subject);
        if (abandoned.includes(subject)) await rmdir(subject);
      },
    });
}

/** Those a snapshotter holds for others. While it runs it takes them down itself. */
async function checkHeldMounts(services: InternalServices, findings: Findings): Promise<void> {
  const { paths, database, host } = services;
  if (!existsSync(paths.held)) return;
  const directory = await realpath(paths.held);
  const mounted = await host.mounter.list(directory);
  if (mounted.length === 0) return;
  const rows = database.all<{ id: number; driver: string; owner: string; unused: number }>(
    `SELECT id, driver, owner, ${UNUSED_HELD_MOUNT} AS unused FROM held_mounts`,
  );
  const known = new Map(rows.map((row) => [row.id.toString(36), row]));
  for (const name of new Set(mounted.map(({ target }) => relative(directory, target).split('/')[0]!))) {
    const row = known.get(name);
    if (row?.unused === 0) continue;
    await using lock = await host.locks.tryAcquire(
      snapshotterLock(paths, row?.driver ?? '', row?.owner ?? ''),
    );
    if (lock === undefined) continue;
    const subject = join(directory, name);
    await findings.add({
      code: 'MOUNT_LEFT',
      message: `Something is mounted in ${subject}, which no snapshot uses`,
      subject,
      repair: 'unmount it',
      fix: () => takeDown({ database, mounter: host.mounter }, Number.parseInt(name, 36), subject),
    });
  }
}

async function checkTemporary({ paths, host }: InternalServices, findings: Findings): Promise<void> {
  for (const name of await readdir(paths.temporary)) {
    const subject = join(paths.temporary, name);
    const found = await stat(subject).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < FRESH) continue;
    await findings.add({
      code: 'TEMPORARY_LEFT',
      message: `The temporary file ${subject} was left behind`,
      subject,
      repair: 'remove it',
      fix: () => host.files.removeTree(subject),
    });
  }
}
