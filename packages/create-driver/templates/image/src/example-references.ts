import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor, Host, ImageReference } from '@strata/core';
import { ignoreMissing } from './example-errors.ts';

interface Row {
  readonly target: Descriptor;
  readonly created: string;
  readonly updated: string;
}

/** All references in one JSON file, replaced as a whole: readers see the old or the new one. */
export class ExampleReferences {
  readonly #file: string;
  readonly #lock: string;
  readonly #host: Host;

  constructor(root: string, host: Host) {
    this.#file = join(root, 'references.json');
    this.#lock = join(root, 'locks', 'references');
    this.#host = host;
  }

  async get(name: string): Promise<ImageReference | undefined> {
    return (await this.all()).find((reference) => reference.name === name);
  }

  async all(): Promise<readonly ImageReference[]> {
    return [...(await this.#read())]
      .map(([name, { target, created, updated }]) => ({
        name,
        target,
        created: new Date(created),
        updated: new Date(updated),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async set(name: string, target: Descriptor): Promise<ImageReference | undefined> {
    await using _lock = await this.#host.locks.acquire(this.#lock);
    const before = await this.get(name);
    const now = new Date().toISOString();
    const rows = await this.#read();
    rows.set(name, { target, created: before?.created.toISOString() ?? now, updated: now });
    await this.#write(rows);
    return before;
  }

  async delete(name: string): Promise<boolean> {
    await using _lock = await this.#host.locks.acquire(this.#lock);
    const rows = await this.#read();
    const was = rows.delete(name);
    if (was) await this.#write(rows);
    return was;
  }

  async #read(): Promise<Map<string, Row>> {
    const text = await readFile(this.#file, 'utf8').catch(ignoreMissing);
    return new Map(text === undefined ? [] : (JSON.parse(text) as [string, Row][]));
  }

  #write(rows: ReadonlyMap<string, Row>): Promise<void> {
    return this.#host.files.writeAtomic(this.#file, JSON.stringify([...rows]), 0o600);
  }
}
