import { readdir, rmdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { InternalServices } from '../internal-services.ts';
import type { Findings } from './findings.ts';

/** Temporary files younger than this may be somebody's work. */
const FRESH = 3600 * 1000;

/** Mounts and temporary files under the root that nobody owns. */
export async function checkLeftovers(services: InternalServices, findings: Findings): Promise<void> {
  await checkMounts(services, findings);
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
