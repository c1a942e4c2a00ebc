/**
 * How a runtime is started. crun knows cgroup version 1 and version 2, but not version 1 with a version 2 tree at
 * `unified` beside it (systemd's hybrid layout): "cgroups in hybrid mode not supported". It needs nothing of that tree,
 * so there it runs in a mount namespace of its own, in which an empty directory hides it.
 */
import { statfs } from 'node:fs/promises';
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
const hide = `mount --make-private ${UNIFIED} && mount -t tmpfs none ${UNIFIED} && exec "$0" "$@"`;

export async function launchOf(host: Host, runtime: string, isCrun: boolean): Promise<Launch> {
  if (!isCrun || !(await isHybrid())) return { program: runtime, prefix: [] };
  const [unshare, shell] = await Promise.all([host.exec.find('unshare'), host.exec.find('sh')]);
  if (unshare === undefined || shell === undefined) return { program: runtime, prefix: [] };
  return {
    program: unshare,
    prefix: ['--mount', '--propagation', 'unchanged', '--', shell, '-c', hide, runtime],
  };
}

async function isHybrid(): Promise<boolean> {
  return await statfs(UNIFIED).then(
    ({ type }) => type === CGROUP2_SUPER_MAGIC,
    () => false,
  );
}
