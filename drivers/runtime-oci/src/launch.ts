/**
 * How a runtime is started. crun knows cgroup version 1 and version 2, but not version 1 with a version 2 tree at
 * `unified` beside it (systemd's hybrid layout): "cgroups in hybrid mode not supported". It needs nothing of that tree,
 * so there it runs in a mount namespace of its own, in which an empty directory hides it.
 */
import { readFile, statfs } from 'node:fs/promises';
import type { Host } from '@strata/core';

export interface Launch {
  /** Absolute path of what is executed, */
  readonly program: string;
  /** with these arguments before the runtime's own. */
  readonly prefix: readonly string[];
}

const UNIFIED = '/sys/fs/cgroup/unified';
const CGROUP2_SUPER_MAGIC = 0x63677270;
/**
 * Every other mount stays as it is, for a container may share mounts with the host (`-v …:rshared`). What is mounted
 * upon a mount that is private does not appear in other namespaces, mount_namespaces(7).
 */
const hide = `mount -t tmpfs none ${UNIFIED} && exec "$0" "$@"`;
const makePrivate = `mount --make-private ${UNIFIED} && `;

export async function launchOf(host: Host, runtime: string, isCrun: boolean): Promise<Launch> {
  if (!isCrun || !(await isHybrid())) return { program: runtime, prefix: [] };
  const [unshare, shell] = await Promise.all([host.exec.find('unshare'), host.exec.find('sh')]);
  if (unshare === undefined || shell === undefined) return { program: runtime, prefix: [] };
  const script = (await isShared()) ? makePrivate + hide : hide;
  return {
    program: unshare,
    prefix: ['--mount', '--propagation', 'unchanged', '--', shell, '-c', script, runtime],
  };
}

/** proc(5): the tag `shared:N` among the optional fields; when in doubt it is. */
async function isShared(): Promise<boolean> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const line = lines.findLast((text) => text.split(' ')[4] === UNIFIED);
  return line === undefined || / shared:\d+ .*- /.test(line);
}

async function isHybrid(): Promise<boolean> {
  return await statfs(UNIFIED).then(
    ({ type }) => type === CGROUP2_SUPER_MAGIC,
    () => false,
  );
}
