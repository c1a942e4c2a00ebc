import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { isStrataError } from '@strata/core';
import { createDatabases } from '@strata/host/database';
import { describe, expect, it } from 'vitest';
import { scratch } from './fixtures/scratch.ts';

const databases = createDatabases();
const migrations = ['CREATE TABLE counter (id TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT'];

/** The kind and code of what opening or using a database throws. */
function failure(action: () => unknown): [string, string] | undefined {
  try {
    action();
  } catch (error) {
    return isStrataError(error) ? [error.kind, error.code] : [String(error), ''];
  }
  return undefined;
}

function runWriter(...paths: readonly string[]): Promise<{ code: number | string | null; stderr: string }> {
  const script = new URL('./fixtures/count.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--conditions=source', script, ...paths], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ code: code ?? signal, stderr })),
  );
}

/** With this file its filesystem takes no more. */
function fillUp(file: string): void {
  for (let size = 1 << 20; size > 0; size = Math.floor(size / 2)) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(size));
    } catch {}
  }
}

function writeAnew(file: string): string {
  writeFileSync(file, '');
  return file;
}

describe('Databases', () => {
  it('gives rows as objects, or as arrays in the order of the columns', () => {
    const database = databases.open(`${scratch()}/db`, { migrations });
    for (const id of ['b', 'a']) database.run('INSERT INTO counter VALUES (?, ?)', id, 7);
    const query = 'SELECT n, id FROM counter WHERE n = ? ORDER BY id';
    expect(database.tuples(query, 7)).toEqual([
      [7, 'a'],
      [7, 'b'],
    ]);
    expect(database.all(query, 7)).toMatchObject([{ id: 'a' }, { id: 'b' }]);
    expect(failure(() => database.tuples('SELECT'))).toEqual(['internal', 'STORE_ERROR']);
  });

  it('loses no update of 20 processes with 100 read-modify-writes each, on a store none of them found', async () => {
    const path = `${scratch()}/db`;
    const results = await Promise.all(Array.from({ length: 20 }, () => runWriter(path)));
    expect(results).toEqual(Array.from({ length: 20 }, () => ({ code: 0, stderr: '' })));
    const database = databases.open(path, { migrations });
    expect(database.get('SELECT n FROM counter WHERE id = ?', 'c')).toMatchObject({ n: 2000 });
    expect(database.integrity()).toEqual([]);
    database.close();
  });

  it('rolls a failed transaction back, and joins nested ones', () => {
    const database = databases.open(`${scratch()}/db`, { migrations });
    const insert = (id: string) => database.run('INSERT INTO counter VALUES (?, 1)', id);
    expect(() =>
      database.transaction(() => {
        insert('a');
        database.transaction(() => insert('b'));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(database.all('SELECT * FROM counter')).toEqual([]);
    expect(database.transaction(() => insert('a'))).toEqual({ changes: 1, lastId: 1 });
    expect(failure(() => insert('a'))).toEqual(['already-exists', 'ROW_EXISTS']);
    expect(failure(() => database.run('INSERT INTO counter VALUES (?, ?)', 'x', 'text'))?.[1]).toBe(
      'ROW_CONSTRAINT',
    );
    expect(() => database.transaction(async () => undefined)).toThrow(/asynchronous/);
    expect(failure(() => database.run('nonsense'))).toEqual(['internal', 'STORE_ERROR']);
    database.close();
  });

  it('migrates step by step, and refuses a newer version', () => {
    const path = `${scratch()}/db`;
    const more = [...migrations, "ALTER TABLE counter ADD COLUMN label TEXT NOT NULL DEFAULT 'x'"];
    databases.open(path, { migrations }).close();
    const reader = databases.open(path, { migrations: more, readOnly: true });
    expect(reader.all('SELECT label FROM counter')).toEqual([]);
    reader.close();
    expect(failure(() => databases.open(path, { migrations }))).toEqual([
      'failed-precondition',
      'STORE_TOO_NEW',
    ]);
    const broken = [...more, 'CREATE TABLE one (x)', 'CREATE nonsense'];
    expect(failure(() => databases.open(path, { migrations: broken }))?.[1]).toBe('STORE_ERROR');
    databases.open(path, { migrations: more }).close();
  });

  it('says what is wrong with the file', () => {
    const folder = scratch();
    expect(failure(() => databases.open(`${folder}/no`, { migrations, readOnly: true }))).toEqual([
      'not-found',
      'STORE_NOT_FOUND',
    ]);
    writeFileSync(
      `${folder}/junk`,
      'this is not a database, but it is long enough to be read as a header'.repeat(20),
    );
    expect(failure(() => databases.open(`${folder}/junk`, { migrations }))).toEqual([
      'data-loss',
      'STORE_CORRUPT',
    ]);
    expect(failure(() => databases.open(`${folder}/no/db`, { migrations }))?.[1]).toBe('STORE_UNWRITABLE');
    const reader = databases.open(`${folder}/db`, { migrations });
    reader.close();
    const readOnly = databases.open(`${folder}/db`, { migrations, readOnly: true });
    expect(failure(() => readOnly.run("INSERT INTO counter VALUES ('a', 1)"))?.[1]).toBe('STORE_UNWRITABLE');
    readOnly.close();
  });

  it('reads a full disk, and writes to it with what was spared, while others take all they can', () => {
    const folder = scratch();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
    try {
      const path = `${folder}/db`;
      const spare = `${folder}/spare`;
      databases.open(path, { migrations }).close();
      writeFileSync(spare, Buffer.alloc(1 << 20));
      const fill = () => fillUp(`${folder}/filler`);
      fill();
      const reader = databases.open(path, { migrations, readOnly: true });
      expect(reader.all('SELECT * FROM counter')).toEqual([]);
      reader.close();
      expect(failure(() => databases.open(path, { migrations }))).toEqual([
        'resource-exhausted',
        'STORE_FULL',
      ]);
      for (const id of ['a', 'b']) {
        const database = databases.open(path, { migrations, spare });
        fill();
        database.transaction(() => database.run('INSERT INTO counter VALUES (?, 1)', id));
        database.close();
        fill();
      }
      expect(statSync(spare).size).toBeGreaterThan(0);
      const after = databases.open(path, { migrations, readOnly: true });
      expect(after.all('SELECT id FROM counter')).toEqual([{ id: 'a' }, { id: 'b' }]);
      after.close();
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  it('finds room for a mapped page in what was spared, where a page takes several blocks', async () => {
    const place = scratch();
    const folder = `${place}/mounted`;
    mkdirSync(folder);
    truncateSync(writeAnew(`${place}/image`), 8 << 20);
    execFileSync('mkfs.ext4', ['-q', '-b', '1024', '-m', '0', `${place}/image`]);
    execFileSync('mount', ['-o', 'loop', `${place}/image`, folder]);
    const [path, spare, filler] = [`${folder}/db`, `${folder}/spare`, `${folder}/filler`];
    try {
      databases.open(path, { migrations }).close();
      const unspared: (number | string | null)[] = [];
      // SQLite makes sure of the last block of each of its eight pages, which is 8 KiB, and touches 32.
      for (const left of [8, 12, 16, 24]) {
        writeFileSync(spare, randomBytes(1 << 20));
        writeAnew(filler);
        fillUp(filler);
        truncateSync(filler, statSync(filler).size - (left << 10));
        unspared.push((await runWriter(path)).code);
        expect(await runWriter(path, spare)).toEqual({ code: 0, stderr: '' });
        expect(statSync(spare).size).toBeLessThan(1 << 20);
        rmSync(filler);
      }
      expect(unspared).toContain('SIGBUS');
      const reader = databases.open(path, { migrations, readOnly: true });
      expect(reader.get('SELECT n FROM counter')!.n).toBeGreaterThanOrEqual(400);
      reader.close();
    } finally {
      execFileSync('umount', [folder]);
    }
  });
});
