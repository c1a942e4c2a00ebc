/**
 * @module The program as built: it starts `cli.cjs`, which is `main.ts`, with the code of earlier commands. Where they
 * kept it is a guess, for the command line is not read yet; a wrong one costs some milliseconds.
 */
import { join } from 'node:path';
import { cacheBelow, keepCode, openCode } from './code-cache.ts';
import { type CodeKeeper, provideCodeKeeper } from './code-keeper.ts';

/** Of the words before the command: what follows it may be a program's own. */
function guessRoot([, , ...words]: readonly string[]): string {
  for (const [at, word] of words.entries()) {
    if (word.startsWith('--root=')) return word.slice('--root='.length);
    const before = words[at - 1] ?? '';
    if (before === '--root') return word;
    if (!word.startsWith('-') && !/^--[^=]+$/.test(before)) break;
  }
  return process.env.STRATA_ROOT ?? '/var/lib/strata';
}

const importModule = new Function('url', 'return import(url)') as CodeKeeper['importModule'];
provideCodeKeeper({ ...keepCode, importModule });

const code = openCode(cacheBelow(guessRoot(process.argv), process.env), 'start');
const loaded = new Map<string, unknown>();

/** `require` of the program: files beside this one come through the cache. */
function load(name: string): unknown {
  if (!/^\.\/[\w-]+\.cjs$/.test(name)) return require(name);
  if (!loaded.has(name)) loaded.set(name, code.load(join(import.meta.dirname, name), load));
  return loaded.get(name);
}

load('./cli.cjs');
