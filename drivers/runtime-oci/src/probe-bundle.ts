import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A bundle that runs the host's `true` and shows it nothing but the host's programs, read-only. */
export async function probeBundle(directory: string): Promise<void> {
  const binds = ['/usr', '/bin', '/lib', '/lib64', '/nix'].filter((path) => existsSync(path));
  await mkdir(join(directory, 'rootfs'), { mode: 0o755 });
  const config = {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['true'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: false },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      ...binds.map((path) => ({
        destination: path,
        type: 'bind',
        source: path,
        options: ['rbind', 'rprivate', 'ro', 'nosuid', 'nodev'],
      })),
    ],
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })) },
  };
  await writeFile(join(directory, 'config.json'), JSON.stringify(config), { mode: 0o600 });
}
