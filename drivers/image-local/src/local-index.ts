import type { BlobInfo, Database, Databases, Descriptor, Digest, ImageReference, SqlRow } from '@strata/core';

const migrations = [
  `CREATE TABLE blobs (
     digest TEXT PRIMARY KEY,
     size INTEGER NOT NULL,
     created INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE refs (
     name TEXT PRIMARY KEY,
     digest TEXT NOT NULL,
     target TEXT NOT NULL,
     created INTEGER NOT NULL,
     updated INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
];

interface BlobRow extends SqlRow {
  digest: string;
  size: number;
  created: number;
}

interface ReferenceRow extends SqlRow {
  name: string;
  target: string;
  created: number;
  updated: number;
}

/** The rows: which blobs are complete, which names point at what. Times are epoch milliseconds. */
export class LocalIndex {
  readonly #database: Database;

  constructor(databases: Databases, path: string) {
    this.#database = databases.open(path, { migrations });
  }

  blob(digest: Digest): BlobInfo | undefined {
    const row = this.#database.get<BlobRow>(
      'SELECT digest, size, created FROM blobs WHERE digest = ?',
      digest,
    );
    return row === undefined ? undefined : toBlob(row);
  }

  addBlob({ digest, size, created }: BlobInfo): void {
    this.#database.run(
      'INSERT INTO blobs (digest, size, created) VALUES (?, ?, ?) ON CONFLICT (digest) DO UPDATE SET size = excluded.size',
      digest,
      size,
      created.getTime(),
    );
  }

  removeBlob(digest: Digest): void {
    this.#database.run('DELETE FROM blobs WHERE digest = ?', digest);
  }

  /** A page of blobs after `last`, so that listing never holds a statement open while the caller works. */
  blobsAfter(last: string, limit: number): BlobInfo[] {
    const rows = this.#database.all<BlobRow>(
      'SELECT digest, size, created FROM blobs WHERE digest > ? ORDER BY digest LIMIT ?',
      last,
      limit,
    );
    return rows.map(toBlob);
  }

  reference(name: string): ImageReference | undefined {
    const row = this.#database.get<ReferenceRow>(
      'SELECT name, target, created, updated FROM refs WHERE name = ?',
      name,
    );
    return row === undefined ? undefined : toReference(row);
  }

  references(): ImageReference[] {
    return this.#database
      .all<ReferenceRow>('SELECT name, target, created, updated FROM refs ORDER BY name')
      .map(toReference);
  }

  /** What the name pointed at before. */
  setReference(name: string, target: Descriptor, now: number): ImageReference | undefined {
    return this.#database.transaction(() => {
      const before = this.reference(name);
      this.#database.run(
        `INSERT INTO refs (name, digest, target, created, updated) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, target = excluded.target, updated = excluded.updated`,
        name,
        target.digest,
        JSON.stringify(target),
        now,
        now,
      );
      return before;
    });
  }

  deleteReference(name: string): boolean {
    return this.#database.run('DELETE FROM refs WHERE name = ?', name).changes > 0;
  }

  close(): void {
    this.#database.close();
  }
}

function toBlob(row: BlobRow): BlobInfo {
  return { digest: row.digest as Digest, size: Number(row.size), created: new Date(Number(row.created)) };
}

function toReference(row: ReferenceRow): ImageReference {
  const target = JSON.parse(row.target) as Descriptor;
  return {
    name: row.name,
    target,
    created: new Date(Number(row.created)),
    updated: new Date(Number(row.updated)),
  };
}
