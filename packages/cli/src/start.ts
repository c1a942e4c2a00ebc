/**
 * @module The program as built: it starts `cli.cjs`, which is `main.ts`, with the code of earlier commands. Where they
 * kept it is a guess, for the command line is not read yet; a wrong one costs some milliseconds.
 */
import { join } from 'node:path';
import { cacheBelow, keepCode, openCode } from './code-cache.ts';
import { type CodeKeeper, provideCodeKeeper } from './code-keeper.ts';

function guessRoot(words: readonly string[]): string {
  const at = words.indexOf('--root');
  const joined = words.find((word) => word.startsWith('--root='));
  if (joined !== undefined) return joined.slice('--root='.length);
  return (at < 0 ? undefined : words[at + 1]) ?? process.env.STRATA_ROOT ?? '/var/lib/strata';
}

const importModule = new Function('url', 'return import(url)') as CodeKeeper['importModule'];
provideCodeKeeper({ ...keepCode, importModule });
openCode(cacheBelow(guessRoot(process.argv), process.env), 'start').load(
  join(import.meta.dirname, 'cli.cjs'),
  require,
);
