/** The words of btrfs(8), here, in btrfs-qgroups.ts and nowhere else. Paths are absolute and consist of our own names. */
import type { Exec } from '@strata/core';
import { BtrfsQgroups } from './btrfs-qgroups.ts';

/** Deleting is quick, its list of arguments bounded. */
const BATCH = 500;
const NO_TIMEOUT = { timeout: 0 };

export class BtrfsCommand {
  readonly qgroups: BtrfsQgroups;
  readonly #exec: Exec;

  constructor(exec: Exec) {
    this.qgroups = new BtrfsQgroups(exec);
    this.#exec = exec;
  }

  async create(path: string): Promise<void> {
    await this.#exec.run('btrfs', ['--quiet', 'subvolume', 'create', '--', path]);
  }

  /** Writable, whatever the source is. `path` must not exist: an existing directory would receive it inside. */
  async snapshot(source: string, path: string): Promise<void> {
    await this.#exec.run('btrfs', ['--quiet', 'subvolume', 'snapshot', '--', source, path], NO_TIMEOUT);
  }

  async setReadOnly(path: string, readOnly: boolean): Promise<void> {
    await this.#exec.run(
      'btrfs',
      ['property', 'set', '-f', '-t', 'subvol', path, 'ro', String(readOnly)],
      NO_TIMEOUT,
    );
  }

  /**
   * Deletes what it can. One that holds a nested subvolume stays, or somebody else was quicker, which exit codes 1 and 2
   * say for the whole batch.
   */
  async delete(paths: readonly string[]): Promise<void> {
    for (let start = 0; start < paths.length; start += BATCH) {
      const batch = paths.slice(start, start + BATCH);
      await this.#exec.run('btrfs', ['--quiet', 'subvolume', 'delete', '--', ...batch], {
        ...NO_TIMEOUT,
        okCodes: [0, 1, 2],
      });
    }
  }
}
