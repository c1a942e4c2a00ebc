import { invoke, type Outcome, type StrataHome } from '@strata/test-fixtures';

/** System calls after which a crash could leave something: every change of names, mounts, durability and rows. */
export const steps = ['rename', 'mount', 'umount2', 'unlink', 'mkdir', 'fsync', 'write-db'] as const;
export type Step = (typeof steps)[number];

const calls: Record<Step, string> = {
  rename: 'rename,renameat,renameat2',
  mount: 'mount',
  umount2: 'umount2',
  unlink: 'unlink,unlinkat,rmdir',
  mkdir: 'mkdir,mkdirat',
  fsync: 'fsync,fdatasync,syncfs',
  'write-db': 'pwrite64',
};

/** How often a command makes these calls. */
export async function countCalls(home: StrataHome, step: Step, args: readonly string[]): Promise<number> {
  const prefix = ['strace', '-f', '-qq', '-c', '-S', 'calls', '-U', 'calls', '-e', `trace=${calls[step]}`];
  const { stderr, code } = await home.strata(args, { prefix });
  if (code !== 0) throw new Error(`strata ${args.join(' ')} exited ${code} while counting: ${stderr}`);
  const rows = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^\d+$/.test(line));
  return rows.slice(0, Math.max(1, rows.length - 1)).reduce((sum, row) => sum + Number(row), 0);
}

/** Run a command and kill it and its threads with SIGKILL at its n-th such call. */
export function killAt(home: StrataHome, step: Step, nth: number, args: readonly string[]): Promise<Outcome> {
  const inject = `inject=${calls[step]}:signal=KILL:when=${nth}`;
  return home.strata(args, {
    prefix: ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls[step]}`, '-e', inject],
  });
}

/** Up to `most` of 1…count, always with the first and the last, spread evenly. */
export function sample(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index + 1);
  return [
    ...new Set(
      Array.from({ length: most }, (_, index) => 1 + Math.round((index * (count - 1)) / (most - 1))),
    ),
  ];
}

export async function sha256sum(path: string): Promise<string> {
  return (await invoke('sha256sum', ['--', path])).stdout.slice(0, 64);
}
