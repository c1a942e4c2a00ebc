import type { Outcome, StrataHome } from '@strata/test-fixtures';

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

/** Run a command and kill it and its threads with SIGKILL at its n-th such call. */
export function killAt(home: StrataHome, step: Step, nth: number, args: readonly string[]): Promise<Outcome> {
  const inject = `inject=${calls[step]}:signal=KILL:when=${nth}`;
  return home.strata(args, {
    prefix: ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls[step]}`, '-e', inject],
  });
}

/**
 * Which calls to try: every one, or 1–3 and then ever wider steps. strace counts per thread, so the caller goes on
 * until a kill no longer happens.
 */
export function* points(every: boolean): Generator<number> {
  for (let nth = 1; ; nth += every ? 1 : Math.max(1, Math.floor(nth / 2))) yield nth;
}
