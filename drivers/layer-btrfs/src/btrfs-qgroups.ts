/** The words of btrfs-qgroup(8) and btrfs-quota(8). */
import type { Exec, Files } from '@strata/core';

const NO_TIMEOUT = { timeout: 0 };
/** A group, what is in it (`-` for nothing), and the path of a subvolume. */
const ROW = /^(\d{1,5}\/\d{1,20})\s+\d+\s+\d+\s+(\S+)\s*(.*?)\s*$/;
/** Instead of a path: of a subvolume that is deleted. */
const GONE = ['<stale>', '<under deletion>'];
/** BTRFS_IOC_QUOTA_CTL and BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA of linux/btrfs.h. */
const QUOTA_CTL = 0xc0109428;
const ENABLE_SIMPLE = 4n;

export class BtrfsQgroups {
  readonly #exec: Exec;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /**
   * Account for what each subvolume writes from now on: simple quotas (Linux 6.7), which charge data to the subvolume that
   * wrote it and cost next to nothing. By ioctl(2): btrfs-progs can say it from 6.7 on, and Debian 12 has 6.2.
   */
  enableSimple(files: Files, path: string): void {
    const argument = new BigUint64Array([ENABLE_SIMPLE, 0n]);
    files.ioctl(path, QUOTA_CTL, new Uint8Array(argument.buffer));
  }

  /** Account for what each subvolume has, old data included once it returns. */
  async enable(path: string): Promise<void> {
    await this.#exec.run('btrfs', ['quota', 'enable', path]);
    await this.#exec.run('btrfs', ['quota', 'rescan', '-w', path], NO_TIMEOUT);
  }

  /** Limit what a subvolume shares with no other. Deleting the subvolume ends it. */
  async limitExclusive(path: string, bytes: number): Promise<void> {
    await this.#exec.run('btrfs', ['qgroup', 'limit', '-e', String(bytes), path]);
  }

  /**
   * Limit a subvolume together with those that will be made in it: the kernel puts them in the groups it is in, with
   * simple quotas alone. The group stays until {@link clearStale}.
   */
  async limitNested(path: string, bytes: number): Promise<void> {
    const { stdout } = await this.#exec.run('btrfs', ['inspect-internal', 'rootid', path]);
    const id = stdout.trim();
    const group = `1/${id}`;
    // 1: it is there, or it is in it, from an earlier limit.
    await this.#exec.run('btrfs', ['qgroup', 'create', group, path], { okCodes: [0, 1] });
    await this.#exec.run('btrfs', ['qgroup', 'assign', `0/${id}`, group, path], { okCodes: [0, 1] });
    await this.#exec.run('btrfs', ['qgroup', 'limit', String(bytes), group, path]);
  }

  /** Deleting and moving what is in a subvolume takes room, which one at its limit does not have. */
  async lift(path: string): Promise<void> {
    const { stdout } = await this.#exec.run('btrfs', ['inspect-internal', 'rootid', path]);
    // 1: it never was limited.
    for (const args of [['-e', 'none'], ['none'], ['none', `1/${stdout.trim()}`]])
      await this.#exec.run('btrfs', ['qgroup', 'limit', ...args, path], { okCodes: [0, 1] });
  }

  /**
   * Kernels before 6.13 keep the qgroup of a subvolume that is gone. Groups of ours go with the last of their members; one
   * that is deleted and not yet cleaned up is taken out of them first.
   */
  async clearStale(root: string): Promise<void> {
    const change = (...args: string[]) =>
      this.#exec.run('btrfs', ['qgroup', ...args, root], { okCodes: [0, 1] });
    await change('clear-stale');
    const { stdout } = await change('show', '-c', '--raw');
    const rows = stdout.split('\n').flatMap((line) => {
      const [, id = '', members = '', path = ''] = ROW.exec(line) ?? [];
      return id === '' ? [] : [{ id, members: members === '-' ? [] : members.split(','), path }];
    });
    const alive = new Set(rows.filter(({ path }) => !GONE.includes(path)).map(({ id }) => id));
    for (const { id, members } of rows.filter((row) => row.id.startsWith('1/'))) {
      if (members.some((member) => alive.has(member))) continue;
      for (const member of members) await change('remove', member, id);
      await change('destroy', id);
    }
  }
}
