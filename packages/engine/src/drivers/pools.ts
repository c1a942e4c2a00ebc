/**
 * Pools: a filesystem in a sparse file for drivers that need their own kind (`strata storage init btrfs --size 20G`).
 * `<root>/pools/<driver>.img`, loop-mounted on the driver's root whenever the driver is first used after a boot.
 */
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type AnyDriverDefinition, type Host, type PoolDefinition, StrataError } from '@strata/core';
import { makePrivate, type StorePaths } from '../state/paths.ts';

export interface PoolStatus {
  readonly file: string;
  readonly sizeBytes: number;
  readonly mounted: boolean;
}

export class Pools {
  readonly #host: Host;
  readonly #paths: StorePaths;
  readonly #ensured = new Set<string>();

  constructor(host: Host, paths: StorePaths) {
    this.#host = host;
    this.#paths = paths;
  }

  async status(driver: string): Promise<PoolStatus | undefined> {
    const file = this.#paths.pool(driver);
    const size = await sizeOf(file);
    if (size === undefined) return undefined;
    return { file, sizeBytes: size, mounted: await this.#mounted(driver) };
  }

  /** Mount the driver's pool if it has one and a boot has unmounted it. */
  async ensure(definition: AnyDriverDefinition): Promise<void> {
    const { kind, id } = definition;
    if (kind !== 'layer' || definition.pool === undefined || this.#ensured.has(id)) return;
    if ((await sizeOf(this.#paths.pool(id))) !== undefined && !(await this.#mounted(id))) {
      await using _lock = await this.#host.locks.acquire(this.#paths.lock('pool', id));
      if (!(await this.#mounted(id))) await this.#mount(id, definition.pool);
    }
    this.#ensured.add(id);
  }

  /** Make and mount. The same size again only mounts. */
  async init(definition: AnyDriverDefinition, sizeBytes: number, signal?: AbortSignal): Promise<void> {
    const { id, pool } = definition;
    if (pool === undefined)
      throw new StrataError('invalid-argument', 'POOL_UNSUPPORTED', `Driver ${id} does not live in a pool`, {
        hint: 'It works on the filesystem of the store itself',
      });
    checkSize(id, pool, sizeBytes);
    await using _lock = await this.#host.locks.acquire(
      this.#paths.lock('pool', id),
      signal === undefined ? {} : { signal },
    );
    const existing = await sizeOf(this.#paths.pool(id));
    if (existing !== undefined && existing !== sizeBytes)
      throw new StrataError(
        'failed-precondition',
        'POOL_EXISTS',
        `Driver ${id} already has a pool of ${existing} bytes`,
        { hint: 'Leave the size as it is; a pool is not resized' },
      );
    if (existing === undefined) await this.#make(id, pool, sizeBytes);
    if (!(await this.#mounted(id))) await this.#mount(id, pool);
    this.#ensured.add(id);
  }

  async #make(id: string, pool: PoolDefinition, sizeBytes: number): Promise<void> {
    const root = this.#paths.driver('layer', id);
    const file = this.#paths.pool(id);
    const half = `${file}.new`;
    makePrivate(root);
    makePrivate(dirname(file));
    if (await hasEntries(root))
      throw new StrataError(
        'failed-precondition',
        'POOL_ROOT_IN_USE',
        `Driver ${id} already keeps layers in ${root}`,
        {
          hint: 'A pool would hide them; use another --root, or remove them first',
        },
      );
    const [program, ...args] = pool.format;
    try {
      const handle = await open(half, 'w', 0o600);
      try {
        await handle.truncate(sizeBytes);
        await this.#host.exec.run(program, [...args, half], { timeout: 120_000 });
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(half, file);
    } catch (error) {
      await rm(half, { force: true });
      throw error;
    }
  }

  async #mount(id: string, pool: PoolDefinition): Promise<void> {
    const target = this.#paths.driver('layer', id);
    makePrivate(target);
    // mount(8) finds or makes the loop device and frees it with the mount.
    await this.#host.exec.run('mount', [
      '-t',
      pool.filesystem,
      '-o',
      'loop',
      '--make-private',
      '--',
      this.#paths.pool(id),
      target,
    ]);
  }

  async #mounted(id: string): Promise<boolean> {
    const target = this.#paths.driver('layer', id);
    return (await this.#host.mounter.list(target)).some((mount) => mount.target === target);
  }
}

function checkSize(id: string, pool: PoolDefinition, sizeBytes: number): void {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < pool.minimumBytes)
    throw new StrataError(
      'invalid-argument',
      'POOL_TOO_SMALL',
      `A pool for driver ${id} needs at least ${Math.ceil(pool.minimumBytes / (1 << 20))} MiB`,
    );
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch {
    return undefined;
  }
}

async function hasEntries(directory: string): Promise<boolean> {
  const { readdir } = await import('node:fs/promises');
  return (await readdir(directory)).length > 0;
}
