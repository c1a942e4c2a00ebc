/**
 * @module The program as built: it starts `cli.cjs`, which is `main.ts`, with the code of earlier commands. Where they
 * kept it is a guess, for the command line is not read yet; a wrong one costs some milliseconds.
 */
import { cacheBelow, keepCode, openCode } from './code-cache.ts';
import { provideCodeKeeper } from './code-keeper.ts';
import { importModule, loader } from './load.ts';
import { leaveStandby } from './standby/leave.ts';
import { KEY_VARIABLE, NOHUP_VARIABLE } from './standby/names.ts';
import { ignoreHangups } from './terminal/hangups.ts';

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

provideCodeKeeper({ ...keepCode, importModule });

// Not for those that we start.
const { [KEY_VARIABLE]: key, [NOHUP_VARIABLE]: nohup } = process.env;
delete process.env[KEY_VARIABLE];
delete process.env[NOHUP_VARIABLE];
if (nohup !== undefined) ignoreHangups();

const code = openCode(cacheBelow(guessRoot(process.argv), process.env), 'start');
const program = loader(code, import.meta.dirname)('./cli.cjs') as typeof import('./program.ts');

void program.execute(process.argv.slice(2), process.env).then((ending) => {
  if (key !== undefined && ending.standby !== undefined) leaveStandby({ key, ...ending.standby });
  process.exit(ending.code);
});
