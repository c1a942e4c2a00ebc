import type { Database } from '@strata/core';

/** Small facts about the store: the default driver, probes that succeeded since the boot. */
export class Settings {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(name: string): string | undefined {
    return this.#database.get<{ value: string }>('SELECT value FROM settings WHERE name = ?', name)?.value;
  }

  set(name: string, value: string): void {
    this.#database.run(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    );
  }

  /** Set it unless it is set; what holds afterwards. */
  setOnce(name: string, value: string): string {
    this.#database.run(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING',
      name,
      value,
    );
    return this.get(name) ?? value;
  }

  delete(name: string): void {
    this.#database.run('DELETE FROM settings WHERE name = ?', name);
  }
}
