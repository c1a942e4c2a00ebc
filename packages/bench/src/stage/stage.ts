import { join } from 'node:path';
import { type AnyDriverDefinition, isStrataError, type LayerDriver, type ProbeResult } from '@strata/core';
import type { BenchPorts } from '../ports.ts';
import type { BenchReport, SubjectInfo } from '../report.ts';
import { type Backing, type Ground, openGround } from './backing.ts';
import { driverContext } from './driver.ts';
import { LoopFilesystem } from './loop-filesystem.ts';
import { quiet } from './quiet.ts';
import { makeScratch, Subject } from './subject.ts';

export interface StageOptions {
  readonly backing: Backing;
  readonly cold: boolean;
  readonly signal: AbortSignal;
  /** Make the OCI layout of the image in this directory. */
  readonly makeImage: (directory: string) => Promise<void>;
}

/** The drivers under test, each where it will be measured. Disposing of it leaves nothing. */
export class Stage implements AsyncDisposable {
  readonly subjects: Subject[] = [];
  readonly leftOut: BenchReport['leftOut'][number][] = [];
  readonly #ports: BenchPorts;
  readonly #options: StageOptions;
  readonly #ground: Ground;
  #layout: Promise<string> | undefined;

  private constructor(ports: BenchPorts, options: StageOptions, ground: Ground) {
    this.#ports = ports;
    this.#options = options;
    this.#ground = ground;
  }

  static async open(
    ports: BenchPorts,
    definitions: readonly AnyDriverDefinition[],
    options: StageOptions,
  ): Promise<Stage> {
    const stage = new Stage(ports, options, await openGround(ports, options.backing));
    try {
      for (const definition of definitions) await stage.#add(definition);
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #add(definition: AnyDriverDefinition): Promise<void> {
    try {
      const subject = await this.#subject(definition);
      if (subject instanceof Subject) this.subjects.push(subject);
      else this.leftOut.push({ id: definition.id, reason: subject.reason, hint: subject.hint });
    } catch (error) {
      // Of one driver; those of all, a full disk say, leave none to measure.
      if (!isStrataError(error) || this.#options.signal.aborted) throw error;
      this.leftOut.push({
        id: definition.id,
        reason: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }

  async #subject(
    definition: AnyDriverDefinition,
  ): Promise<Subject | Extract<ProbeResult, { supported: false }>> {
    const { host } = this.#ports;
    const { id } = definition;
    const scratch = await makeScratch(this.#ground.directory, id);
    let filesystem: LoopFilesystem | undefined;
    let directory = join(this.#ground.backing, id);
    const context = () =>
      driverContext(definition, {
        root: join(directory, 'driver'),
        runDirectory: join(scratch, 'driver-run'),
        host,
        signal: this.#options.signal,
      });
    if (this.#options.backing.kind !== 'directory') {
      filesystem = await LoopFilesystem.create(host, this.#ground.backing, { id, pool: definition.pool });
    }
    let probe = await definition.probe(await context());
    if (!probe.supported && filesystem === undefined && definition.pool !== undefined) {
      filesystem = await LoopFilesystem.create(host, this.#ground.backing, {
        id: `${id}-pool`,
        pool: definition.pool,
      });
      directory = filesystem.directory;
      probe = await definition.probe(await context());
    }
    if (!probe.supported) return probe;
    const ready = await context();
    const info: SubjectInfo = {
      id,
      summary: definition.summary,
      filesystem: (await host.files.filesystem(directory)).type,
    };
    return new Subject({
      ports: this.#ports,
      info,
      driver: (await definition.create(ready)) as LayerDriver,
      context: ready,
      directory,
      backing: this.#ground.backing,
      scratch,
      filesystem,
      policy: { cold: this.#options.cold },
      imageLayout: () => this.#imageLayout(),
    });
  }

  /** Made before anything is measured: a name nobody knows should not be found out in between. */
  async prepareImage(): Promise<void> {
    await this.#imageLayout();
  }

  #imageLayout(): Promise<string> {
    this.#layout ??= (async () => {
      const directory = join(this.#ground.backing, 'image');
      await this.#options.makeImage(directory);
      return directory;
    })();
    return this.#layout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subject of this.subjects) {
      await subject
        .close()
        .catch((error: unknown) => this.#ports.host.log.warn('a driver was not left tidy', { error }));
    }
    await quiet(this.#ports.host, `${this.#ground.directory}/`);
    await this.#ground[Symbol.asyncDispose]();
  }
}
