/** hosts and resolv.conf of a running container after its networks changed. They are bind mounts: same inodes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attachment } from '@strata/core';
import { ownLines, resolvConf } from '../containers/rootfs/network-files.ts';
import type { ContainerRecord } from '../containers/state/container-record.ts';
import type { EngineServices } from '../services.ts';

interface Change {
  readonly before: readonly Attachment[];
  readonly after: readonly Attachment[];
}

/** Lines the container added to hosts stay, and a resolv.conf it wrote itself is its own. */
export function updateNetworkFiles(
  services: EngineServices,
  container: Pick<ContainerRecord, 'id' | 'config'>,
  change: Change,
): void {
  const directory = services.paths.container(container.id);
  const { config } = container;
  edit(join(directory, 'hosts'), (text) => {
    const gone = new Set(change.before.flatMap((attachment) => ownLines(config, attachment)));
    const kept = text.split('\n').filter((line) => line !== '' && !gone.has(line));
    const own = change.after.flatMap((attachment) => ownLines(config, attachment));
    return `${[...kept, ...own].join('\n')}\n`;
  });
  edit(join(directory, 'resolv.conf'), (text) => {
    const facts = (attachments: readonly Attachment[]) => ({
      sharesHost: false,
      connects: true,
      attachments,
    });
    const ours = text === resolvConf(config, facts(change.before));
    return ours ? resolvConf(config, facts(change.after)) : text;
  });
}

function edit(path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'utf8');
  const next = change(text);
  if (next !== text) writeFileSync(path, next);
}
