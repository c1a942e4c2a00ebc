/** The words of btrfs(8), here, in btrfs-qgroups.ts and nowhere else. Paths are absolute and consist of our own names. */
import { type Exec, StrataError } from '@strata/core';
import { BtrfsQgroups } from './btrfs-qgroups.ts';

/** One file extent: `inode 259 file offset 0 len 3145728 disk start …`. Numbers a forged name could carry stay safe. */
const EXTENT = /^inode (\d{1,18}) file offset \d+ len (\d{1,14}) disk start /;
/** Deleting is quick, its list of arguments bounded. */
const BATCH = 500;
const NO_TIMEOUT = { timeout: 0 };

export interface NewData {
  readonly bytes: number;
  /** Files with new data. */
  readonly inodes: number;
}

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

  /** The transaction in which a subvolume or snapshot was made; everything it got later is newer. */
  async createdAt(path: string): Promise<number> {
    const { stdout } = await this.#exec.run('btrfs', ['subvolume', 'show', '--', path]);
    return Number(/^\s*Gen at creation:\s*(\d+)$/m.exec(stdout)?.[1] ?? 0);
  }

  /** Data written in a transaction and after it, read from the tree's generations and not from the files: cost ∝ changes. */
  async newData(path: string, since: number, stop: () => void): Promise<NewData> {
    const child = await this.#exec.spawn('btrfs', ['subvolume', 'find-new', path, String(since)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const inodes = new Set<string>();
    let bytes = 0;
    for await (const line of lines(child.pipes.get(1) as NodeJS.ReadableStream)) {
      stop();
      const [, inode, length] = EXTENT.exec(line) ?? [];
      if (inode === undefined) continue;
      inodes.add(inode);
      bytes += Number(length);
    }
    const { code, signal } = await child.exited;
    if (code !== 0) {
      throw new StrataError(
        'internal',
        'BTRFS_FAILED',
        `btrfs subvolume find-new ended with ${code ?? signal}`,
        {
          context: { path, since },
        },
      );
    }
    return { bytes, inodes: inodes.size };
  }
}

/** Latin-1, because names may be any bytes and only the ASCII before them is read. */
async function* lines(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + Buffer.from(chunk).toString('latin1')).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
  if (rest !== '') yield rest;
}
