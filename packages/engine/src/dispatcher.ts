import { StrataError } from '@strata/core';
import type { EngineOptions } from './api/engine.ts';
import type { Apis } from './engine.module.ts';
import type { Verbs } from './engine.ts';
import type { EventListener } from './state/event-log.ts';
import { storePaths } from './state/paths.ts';
import { explainFullDisk, withReserve } from './state/reserve.ts';

/** Between the facade and the use cases: composes on first use, closes once. */
export class Dispatcher {
  readonly #options: EngineOptions;
  readonly #listeners = new Set<EventListener>();
  readonly #ending = new AbortController();
  #apis: Promise<Apis> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  on(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  verbs<Api>(open: (apis: Apis) => Promise<Api>): Verbs<Api> {
    const explained = async <T>(body: () => Promise<T>): Promise<T> => {
      try {
        return await body();
      } catch (error) {
        throw await this.#explain(error);
      }
    };
    const opened = async (): Promise<Api> => open(await this.#compose());
    return {
      call: (verb) => explained(async () => verb(await opened())),
      free: (verb) => explained(() => withReserve(this.#paths(), async () => verb(await opened()))),
      stream: (verb) => this.#stream(opened, verb),
    };
  }

  async *#stream<Api, T>(opened: () => Promise<Api>, verb: (api: Api) => AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* verb(await opened());
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  #compose(): Promise<Apis> {
    if (this.#closed !== undefined)
      throw new StrataError('failed-precondition', 'ENGINE_CLOSED', 'The engine is closed');
    this.#apis ??= this.#load();
    // What stood in the way (a full disk, a missing directory) may be gone at the next verb.
    this.#apis.catch(() => {
      this.#apis = undefined;
    });
    return this.#apis;
  }

  async #load(): Promise<Apis> {
    const { compose } = await import('./engine.module.ts');
    return compose({ options: this.#options, listeners: this.#listeners, signal: this.#ending.signal });
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    const services = (await this.#apis?.catch(() => undefined))?.services;
    if (services === undefined) return;
    await services.layers.close();
    await services.imageStore.close();
    services.drivers.close();
    services.database.close();
  }

  #paths() {
    return storePaths(this.#options.root, this.#options.run);
  }

  #explain(error: unknown): Promise<unknown> {
    return explainFullDisk(error, this.#paths(), this.#options.host.files);
  }
}
