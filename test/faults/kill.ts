import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, StrataHome } from '@strata/test-fixtures';

const strata = join(import.meta.dirname, '../../packages/cli/bin/strata');

/** System calls after which a crash could leave something: every change of names, mounts, durability and rows. */
export const steps = ['rename', 'mount', 'umount2', 'unlink', 'mkdir', 'fsync', 'write-db'] as const;
export type Step = (typeof steps)[number] | 'netlink' | 'write';

const calls: Record<Step, string> = {
  rename: 'rename,renameat,renameat2',
  mount: 'mount',
  umount2: 'umount2',
  unlink: 'unlink,unlinkat,rmdir',
  mkdir: 'mkdir,mkdirat',
  fsync: 'fsync,fdatasync,syncfs',
  'write-db': 'pwrite64',
  // ip and nft speak to the kernel by these, and are killed as well.
  netlink: 'sendmsg,sendto',
  // Limits of cgroups are written into files.
  write: 'write',
};

/**
 * Run a command and kill it, one of its threads or one of its children with SIGKILL at its n-th such call. Ends with
 * the command: what it leaves behind, stays.
 */
export async function killAt(
  home: StrataHome,
  step: Step,
  nth: number,
  args: readonly string[],
): Promise<Outcome> {
  const inject = `inject=${calls[step]}:signal=KILL:when=${nth}`;
  const file = join(home.root, '../killed.log');
  const output = openSync(file, 'w');
  // -D: the tracer is the grandchild, for it follows the monitor and the container until they end too.
  const flags = ['-D', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls[step]}`, '-e', inject];
  const [program = 'strace', ...rest] = [...home.prefix, 'strace', ...flags, strata, ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, ...home.env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status, signal) => resolve(signal === null ? (status ?? 128) : 137));
  });
  return { code, stdout: readFileSync(file, 'utf8'), stderr: '' };
}

export type Density = 'all' | 'few';

/** Which calls to try: every one, or 1, 2, 4, 8 …. strace counts per thread, so the caller goes on until no kill happens. */
export function* points(density: Density): Generator<number> {
  for (let nth = 1; ; nth += density === 'all' ? 1 : nth) yield nth;
}
