/**
 * What most layer drivers do the same way: one directory holds an entry per layer, named by its id; `remove` renames
 * an entry to `.trash-<id>-<uuid>`, so that it is quick and the id free at once; `cleanup` deletes those.
 */
import { errnoOf } from '../errors/strata-error.ts';
import type { Log } from '../host/log.ts';
import type { Files, Tree } from '../host/tree.ts';
import { layerFailure } from './layer-errors.ts';

const ID = /^[a-z0-9]{1,16}$/;
const TRASH = '.trash-';

export class LayerDirectory {
  /** Absolute. */
  readonly path: string;
  readonly #files: Files;
  readonly #log: Log;

  constructor(path: string, files: Files, log: Log) {
    this.path = path;
    this.#files = files;
    this.#log = log;
  }

  /** The caller closes it. */
  open(): Tree {
    return this.#files.openTree(this.path);
  }

  /** What `LayerDriver.list` answers: the entries that are ids, half-made layers among them. */
  ids(): string[] {
    return this.#names().filter((name) => ID.test(name));
  }

  /** The names of what was set aside and is not yet deleted. */
  trash(): string[] {
    return this.#names().filter((name) => name.startsWith(TRASH));
  }

  /** A name below the directory that {@link trash} finds. */
  trashName(label: string): string {
    return `${TRASH}${label}-${Date.now().toString(36)}${Math.random().toString(36).slice(1)}`;
  }

  /** What `LayerDriver.remove` does: one rename. An unknown id is fine. */
  setAside(id: string): void {
    using tree = this.open();
    try {
      tree.rename(Buffer.from(id), Buffer.from(this.trashName(id)));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw layerFailure(error, id, 'remove');
    }
  }

  /** What `LayerDriver.cleanup` does. What cannot be deleted stays for the next time, with a warning. */
  async emptyTrash(): Promise<void> {
    for (const name of this.trash()) {
      await this.#files
        .removeTree(`${this.path}/${name}`)
        .catch((error: unknown) =>
          this.#log.warn('a removed layer stays for the next cleanup', { name, error }),
        );
    }
  }

  #names(): string[] {
    using tree = this.open();
    return tree.readdir(Buffer.from('.')).map((entry) => entry.name.toString());
  }
}
