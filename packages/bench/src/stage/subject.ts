import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DriverContext, type Host, type LayerDriver, StrataError } from '@strata/core';
import type { Engine } from '@strata/engine';
import type { BenchPorts } from '../ports.ts';
import type { SubjectInfo } from '../report.ts';
import { Layers } from './layers.ts';
import type { LoopFilesystem } from './loop-filesystem.ts';
import { quiet } from './quiet.ts';

const PATIENCE_MS = 60_000;
/** A filesystem with less is as good as full. */
const LEAST_ROOM = 2 ** 20;

/** Whether caches may be dropped for the whole machine; only when the user asked. */
export interface CachePolicy {
  readonly cold: boolean;
}

export interface SubjectParts {
  readonly ports: BenchPorts;
  readonly info: SubjectInfo;
  readonly driver: LayerDriver;
  readonly context: DriverContext;
  /** On the filesystem under test. */
  readonly directory: string;
  /** Holds that filesystem, or is it. */
  readonly backing: string;
  /** Mountpoints and run-time state; not under test. */
  readonly scratch: string;
  /** Of its own; undefined when `directory` is the user's. */
  readonly filesystem: LoopFilesystem | undefined;
  readonly policy: CachePolicy;
  /** OCI layout of the image. */
  readonly imageLayout: () => Promise<string>;
}

/** A layer driver under test, on its own filesystem where the backing allows. */
export class Subject {
  readonly info: SubjectInfo;
  readonly host: Host;
  readonly layers: Layers;
  readonly directory: string;
  readonly scratch: string;
  readonly #parts: SubjectParts;
  readonly #shared = new Map<string, Promise<unknown>>();
  #engine: Promise<Engine> | undefined;
  #image: Promise<string> | undefined;

  constructor(parts: SubjectParts) {
    this.#parts = parts;
    this.info = parts.info;
    this.host = parts.ports.host;
    this.directory = parts.directory;
    this.scratch = parts.scratch;
    this.layers = new Layers(parts.driver, this.host.mounter, join(parts.scratch, 'mounts'));
  }

  get id(): string {
    return this.info.id;
  }

  get driver(): LayerDriver {
    return this.#parts.driver;
  }

  /** Something costly that several workloads read and none changes. */
  share<T>(name: string, make: () => Promise<T>): Promise<T> {
    const known = this.#shared.get(name) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const made = make();
    this.#shared.set(name, made);
    made.catch(() => this.#shared.delete(name));
    return made;
  }

  /** A whole engine that stores here; kept open until {@link closeEngine}. */
  engine(): Promise<Engine> {
    this.#engine ??= this.#parts.ports.openEngine({
      root: this.storeRoot,
      run: join(this.scratch, 'run'),
      storage: this.id,
    });
    return this.#engine;
  }

  get storeRoot(): string {
    return join(this.directory, 'store');
  }

  /** Id of the image in this subject's engine; loaded, not unpacked. */
  image(): Promise<string> {
    this.#image ??= this.#load();
    return this.#image;
  }

  /** The image without its layers, as after a pull that did not unpack. */
  async reloadImage(): Promise<string> {
    const { images } = await this.engine();
    if (this.#image !== undefined) await images.remove(await this.#image, { force: true });
    this.#image = this.#load();
    return this.#image;
  }

  async #load(): Promise<string> {
    const { images } = await this.engine();
    const [image] = await images.load(await this.#parts.imageLayout());
    return image!.id;
  }

  /** Wait for the monitors of containers that have ended. */
  quiet(): Promise<void> {
    return quiet(this.host, `${this.scratch}/`);
  }

  async closeEngine(): Promise<void> {
    if (this.#engine !== undefined) await this.quiet();
    const engine = await this.#engine?.catch(() => undefined);
    this.#engine = undefined;
    await engine?.close();
  }

  /** Before the next containers: those before have ended, and an engine that closes deletes their layers, which it set aside. */
  async clear(): Promise<void> {
    await this.closeEngine();
    await this.engine();
  }

  /** Can {@link forgetCaches} do anything? */
  get canForget(): boolean {
    return this.#parts.filesystem !== undefined || this.#parts.policy.cold;
  }

  /** Make the next read come from the backing. */
  async forgetCaches(): Promise<void> {
    await this.closeEngine();
    await this.sync();
    if (this.#parts.filesystem !== undefined) await this.#parts.filesystem.forgetCaches();
    else if (this.#parts.policy.cold) await writeFile('/proc/sys/vm/drop_caches', '3');
  }

  sync(): Promise<void> {
    return this.host.files.syncfs(this.directory);
  }

  /** Bytes and inodes taken on the filesystem under test, by its own account; inodes are 0 where it does not count them. */
  async taken(): Promise<{ readonly bytes: number; readonly inodes: number } | undefined> {
    if (this.#parts.filesystem === undefined) return undefined;
    await this.rest();
    const { blocks, bfree, bsize, files, ffree } = await statfs(this.directory);
    return { bytes: (blocks - bfree) * bsize, inodes: files - ffree };
  }

  /** Before a turn: nothing of what was done before is still to be written or freed, by this turn's time or another's. */
  async rest(): Promise<void> {
    if (this.#parts.filesystem === undefined) await this.sync();
    else await this.#parts.filesystem.drain();
  }

  /** An active layer, mounted, with nothing left to write of what making it took. */
  withLayer<T>(parents: readonly string[], use: (directory: string) => T | Promise<T>): Promise<T> {
    return this.layers.scratch(parents, async (directory) => {
      await this.sync();
      return await use(directory);
    });
  }

  /** Can {@link freed} tell? Others may be at work on a filesystem that frees in the background. */
  get knowsFreed(): boolean {
    return this.#parts.filesystem !== undefined || this.info.filesystem !== 'btrfs';
  }

  /** Once the filesystem takes no more than these bytes, by its own account; at once where deleting is freeing. */
  async freed(bytes: number): Promise<void> {
    const { filesystem } = this.#parts;
    if (filesystem?.type !== 'btrfs') return;
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      filesystem.freeNow();
      const { blocks, bfree, bsize } = await statfs(this.directory);
      if ((blocks - bfree) * bsize <= bytes) return;
      if (performance.now() > deadline)
        throw new StrataError(
          'unavailable',
          'BENCH_NOT_FREED',
          'The space of a removed layer does not come back',
        );
      await sleep(1);
    }
  }

  /** Why everything may fail here: a sentence when the backing has no room left. */
  async shortage(): Promise<string | undefined> {
    const { bavail, bsize } = await statfs(this.#parts.backing);
    return bavail * bsize < LEAST_ROOM ? 'the backing is full' : undefined;
  }

  /** Between workloads: nothing measured, memory given back. */
  async settle(): Promise<void> {
    await this.rest();
    await this.#parts.filesystem?.trim();
  }

  async close(): Promise<void> {
    await this.closeEngine();
    await this.layers.removeAll();
  }
}

/** Directories of a subject beside its filesystem. */
export async function makeScratch(parent: string, id: string): Promise<string> {
  const scratch = join(parent, `${id}.scratch`);
  for (const name of ['mounts', 'driver-run', 'run'])
    await mkdir(join(scratch, name), { recursive: true, mode: 0o700 });
  return scratch;
}
