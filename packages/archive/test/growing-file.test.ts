import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Growth } from '../src/index.ts';
import { blobBytes } from '../src/stream/decompress.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'growing-'));
  path = join(directory, 'blob');
  writeFileSync(path, '');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function readAll(growth: Growth): Promise<string> {
  let text = '';
  for await (const piece of blobBytes({ path, growth: growth.shared })) text += String(piece);
  return text;
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 20));

test('hands out what the writer has told of, and no more', async () => {
  const growth = new Growth();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const piece of blobBytes({ path, growth: growth.shared })) seen.push(String(piece));
  })();
  appendFileSync(path, 'onetwo');
  growth.grown(3);
  await turns();
  expect(seen.join('')).toBe('one');
  growth.grown(6);
  await turns();
  expect(seen.join('')).toBe('onetwo');
  appendFileSync(path, 'three');
  growth.end(11);
  await reading;
  expect(seen.join('')).toBe('onetwothree');
});

test('fails a reader when the writer gives up, whatever it says later', async () => {
  const growth = new Growth();
  const reading = readAll(growth);
  growth.giveUp();
  growth.end(0);
  await expect(reading).rejects.toMatchObject({ code: 'BLOB_INCOMPLETE' });
});

test('does not wait for bytes that were cut off', async () => {
  const growth = new Growth();
  appendFileSync(path, 'bytes');
  growth.end(5);
  truncateSync(path);
  await expect(readAll(growth)).rejects.toMatchObject({
    code: 'BLOB_INCOMPLETE',
  });
});
