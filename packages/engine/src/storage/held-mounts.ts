/**
 * Mounts that others of a snapshot need (plain-mounts.ts), each at `<run>/held/<store>/<id>` of this process's mount namespace
 * and shared by all snapshots of an owner that need the same: what one container has read, the next finds in memory.
 *
 * A row and its user are written before a mount is made and go after it. Overlayfs keeps its lower mounts, so a container
 * that runs does not need ours any more; they stay for what is mounted next, also while no server runs, until the
 * last snapshot that uses them is committed or removed. A reboot takes the mounts and leaves the rows: `present` mounts
 * again. Only the holder of the owner's lock changes them, one call at a time.
 */
import { mkdirSync, realpathSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, errnoOf, type Host, type Mount } from '@strata/core';
import { layerErrors } from '../layers/layer-errors.ts';
import { volatileTransaction } from '../state/volatile.ts';
import { buildsOnOthers, plainMounts } from './plain-mounts.ts';

interface HeldMount extends Record<string, string | number> {
  readonly id: number;
  /** JSON: Mount */
  readonly mount: string;
}

/** Of held mounts: no snapshot that may still be mounted uses it. */
export const UNUSED_HELD_MOUNT = `NOT EXISTS (
  SELECT 1 FROM held_mount_users u JOIN layers l ON l.seq = u.layer
  WHERE u.mount = held_mounts.id AND l.kind != 'committed' AND l.state != 'removing')`;

/** How long a mount that was used for a layer waits for the next layer of the same image, in ms. */
const LINGER = 2000;

export interface HeldMountsParts {
  readonly database: Database;
  readonly host: Pick<Host, 'mounter' | 'log'>;
  /** Parent of the mountpoints. */
  readonly directory: string;
  readonly driver: string;
  readonly owner: string;
}

export class HeldMounts {
  readonly #parts: HeldMountsParts;
  #last: Promise<unknown> = Promise.resolve();
  #lingering: NodeJS.Timeout | undefined;

  constructor(parts: HeldMountsParts) {
    this.#parts = parts;
  }

  /** The mounts of a snapshot for whoever mounts them next, with all they need in place. */
  async present(key: string, mounts: readonly Mount[]): Promise<readonly Mount[]> {
    if (!buildsOnOthers(mounts)) return plainMounts(mounts);
    return this.#alone(async () => {
      const needed: HeldMount[] = [];
      const plain = volatileTransaction(this.#parts.database, () => {
        const layer = this.#layer(key);
        if (layer === undefined) throw layerErrors.notFound(key);
        return plainMounts(mounts, (mount) => {
          const row = this.#hold(layer, JSON.stringify(mount));
          needed.push(row);
          return this.#place(row.id);
        });
      });
      await this.#mount(needed);
      return plain;
    });
  }

  /**
   * A snapshot becomes a layer. The next one of its image, prepared in a moment, needs most of the same mounts; what could
   * still be written to goes at once.
   */
  async committing(key: string): Promise<void> {
    if (!this.#forget(key)) return;
    await this.#takeDown((mount) => !mount.options.includes('ro'));
    clearTimeout(this.#lingering);
    const { log } = this.#parts.host;
    const sweep = () => this.sweep().catch((error) => log.warn('held mounts are still there', { error }));
    this.#lingering = setTimeout(sweep, LINGER).unref();
  }

  /** A snapshot, or a layer that nothing is mounted from, is about to go. Idempotent. */
  async removing(key: string): Promise<void> {
    this.#forget(key);
    await this.sweep();
  }

  /** Take down what nothing uses; also what a process left that died meanwhile. */
  sweep(): Promise<void> {
    return this.#takeDown(() => true);
  }

  close(): Promise<void> {
    clearTimeout(this.#lingering);
    return this.sweep();
  }

  async #takeDown(which: (mount: Mount) => boolean): Promise<void> {
    if (this.#unused().length === 0) return;
    const { database, host } = this.#parts;
    await this.#alone(async () => {
      for (const { id, mount } of this.#unused())
        if (which(JSON.parse(mount) as Mount))
          await takeDown({ database, mounter: host.mounter }, id, this.#place(id));
    });
  }

  #hold(layer: number, mount: string): HeldMount {
    const { database, driver, owner } = this.#parts;
    database.run(
      'INSERT OR IGNORE INTO held_mounts (driver, owner, mount) VALUES (?, ?, ?)',
      driver,
      owner,
      mount,
    );
    const row = database.get<HeldMount>(
      'SELECT id, mount FROM held_mounts WHERE driver = ? AND owner = ? AND mount = ?',
      driver,
      owner,
      mount,
    )!;
    database.run('INSERT OR IGNORE INTO held_mount_users (layer, mount) VALUES (?, ?)', layer, row.id);
    return row;
  }

  /** False when it used none. */
  #forget(key: string): boolean {
    const { database } = this.#parts;
    const layer = this.#layer(key);
    if (layer === undefined) return false;
    const used = database.get('SELECT 1 AS one FROM held_mount_users WHERE layer = ? LIMIT 1', layer);
    if (used === undefined) return false;
    volatileTransaction(database, () => database.run('DELETE FROM held_mount_users WHERE layer = ?', layer));
    return true;
  }

  /** Newest first: an older one may be below. */
  #unused(): HeldMount[] {
    const { database, driver, owner } = this.#parts;
    return database.all<HeldMount>(
      `SELECT id, mount FROM held_mounts WHERE driver = ? AND owner = ? AND ${UNUSED_HELD_MOUNT} ORDER BY id DESC`,
      driver,
      owner,
    );
  }

  #layer(key: string): number | undefined {
    const { database, driver, owner } = this.#parts;
    const row = database.get<{ seq: number }>(
      `SELECT seq FROM layers
       WHERE driver = ? AND owner = ? AND key = ? AND state = 'ready' AND kind != 'committed'`,
      driver,
      owner,
      key,
    );
    return row?.seq;
  }

  async #mount(needed: readonly HeldMount[]): Promise<void> {
    const { mounter } = this.#parts.host;
    const there = new Set((await mounter.list(this.#directory())).map(({ target }) => target));
    // In order: one may use those before it.
    for (const { id, mount } of needed) {
      const place = this.#place(id);
      if (there.has(place)) continue;
      mkdirSync(place, { recursive: true, mode: 0o700 });
      await mounter.mount([JSON.parse(mount) as Mount], place);
      there.add(place);
    }
  }

  #place(id: number): string {
    return join(this.#directory(), id.toString(36));
  }

  /** As mountinfo names it. */
  #directory(): string {
    mkdirSync(this.#parts.directory, { recursive: true, mode: 0o700 });
    return realpathSync(this.#parts.directory);
  }

  #alone<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#last.then(body);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Unmount and forget. Repeatable. */
export async function takeDown(
  { database, mounter }: { readonly database: Database; readonly mounter: Host['mounter'] },
  id: number,
  place: string,
): Promise<void> {
  await mounter.unmount(place);
  try {
    rmdirSync(place);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  volatileTransaction(database, () => database.run('DELETE FROM held_mounts WHERE id = ?', id));
}
