import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Host, type PoolDefinition, StrataError } from '@strata/core';

/** BTRFS_IOC_SYNC of linux/btrfs.h: commits, and has the cleaner free deleted subvolumes now, not at its next half minute. */
const BTRFS_SYNC = 0x9408;
const PATIENCE_MS = 60_000;

/** Sparse: takes what is written. */
const SIZE = 24 * 2 ** 30;

const EXT4: Pick<PoolDefinition, 'filesystem' | 'format'> = {
  filesystem: 'ext4',
  // Nothing is left for a kernel thread to initialise while others are measured.
  format: ['mkfs.ext4', '-q', '-F', '-i', '32768', '-E', 'nodiscard,lazy_journal_init=1'],
};

/** A filesystem in a file, for one driver alone. */
export class LoopFilesystem {
  readonly directory: string;
  readonly type: string;
  readonly #host: Host;
  readonly #file: string;

  private constructor(
    host: Host,
    type: string,
    place: { readonly file: string; readonly directory: string },
  ) {
    this.#host = host;
    this.type = type;
    this.#file = place.file;
    this.directory = place.directory;
  }

  /** `pool`: what the driver asks for; ext4 where it does not mind. */
  static async create(
    host: Host,
    parent: string,
    { id, pool = EXT4 }: { readonly id: string; readonly pool?: typeof EXT4 | undefined },
  ): Promise<LoopFilesystem> {
    const file = join(parent, `${id}.img`);
    const directory = join(parent, id);
    await mkdir(directory);
    const handle = await open(file, 'wx', 0o600);
    await handle.truncate(SIZE);
    await handle.close();
    const [program, ...args] = pool.format;
    await host.exec.run(program, [...args, file], { timeout: 120_000 });
    const filesystem = new LoopFilesystem(host, pool.filesystem, { file, directory });
    await filesystem.#mount();
    return filesystem;
  }

  async #mount(): Promise<void> {
    // What a driver removed goes from the file below, and from memory, too; btrfs discards unasked.
    const options = this.type === 'ext4' ? ['loop', 'noinit_itable', 'discard'] : ['loop'];
    await this.#host.mounter.mount([{ type: this.type, source: this.#file, options }], this.directory);
  }

  /** Forget all the kernel has cached of it, and nothing else on this machine. @throws when somebody keeps it busy */
  async forgetCaches(): Promise<void> {
    await this.#host.exec.run('umount', ['--', this.directory]);
    await this.#untilReleased();
    // The file below has a cache of its own, with everything we just forgot: posix_fadvise(2) with POSIX_FADV_DONTNEED.
    const whole = ['oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none'];
    await this.#host.exec.run('dd', [`of=${this.#file}`, ...whole], { timeout: 0 });
    await this.#mount();
  }

  /**
   * A process that began meanwhile, in a mount namespace of its own, has a copy of the mount until it ends or lets go of
   * it. As long as there is one the kernel keeps the filesystem with all its cache, and mounts that again.
   */
  async #untilReleased(): Promise<void> {
    const attached = async () => (await this.#host.exec.run('losetup', ['-j', this.#file])).stdout !== '';
    for (const deadline = performance.now() + PATIENCE_MS; await attached(); await sleep(20))
      if (performance.now() > deadline)
        throw new StrataError(
          'unavailable',
          'BENCH_FILESYSTEM_BUSY',
          `Another process holds the filesystem of the bench: ${this.directory}`,
          { hint: `See which: grep -l ${this.directory} /proc/*/mountinfo` },
        );
  }

  /** What was written is on the backing, and of what was deleted nothing is still to be freed in the background. */
  async drain(): Promise<void> {
    await this.#host.files.syncfs(this.directory);
    if (this.type !== 'btrfs') return;
    const deadline = performance.now() + PATIENCE_MS;
    const deleted = ['subvolume', 'list', '-d', this.directory];
    while ((await this.#host.exec.run('btrfs', deleted)).stdout !== '' && performance.now() < deadline) {
      this.freeNow();
      await sleep(10);
    }
    // What the cleaner freed is free once that is committed.
    this.freeNow();
  }

  /** Where the filesystem frees in the background, have it begin. */
  freeNow(): void {
    if (this.type === 'btrfs') this.#host.files.ioctl(this.directory, BTRFS_SYNC, new Uint8Array(8));
  }

  /** Give the blocks of deleted files back to the memory or disk below. */
  async trim(): Promise<void> {
    await this.#host.exec
      .run('fstrim', ['--', this.directory], { okCodes: [0, 1, 32] })
      .catch(() => undefined);
  }
}

/** @throws resource-exhausted when there is too little memory for a bench in it */
export async function mountMemory(host: Host, directory: string, availableBytes: number): Promise<void> {
  const LEAST = 2 ** 31;
  if (availableBytes < LEAST)
    throw new StrataError(
      'resource-exhausted',
      'BENCH_MEMORY_SHORT',
      `A bench in memory needs 2 GiB, and ${Math.floor(availableBytes / 2 ** 20)} MiB are available`,
      { hint: 'Use --backing=loop, or name a directory on a disk with --backing' },
    );
  await mkdir(directory);
  const size = Math.floor(availableBytes * 0.75);
  await host.mounter.mount(
    [{ type: 'tmpfs', source: 'strata-bench', options: [`size=${size}`, 'mode=0700', 'nosuid', 'nodev'] }],
    directory,
  );
}
