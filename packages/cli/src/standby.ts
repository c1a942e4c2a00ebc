/** @module A standby process as built: `standby.cjs KEY ROOT SECONDS`. */
import { join } from 'node:path';
import { cacheBelow, keepCode, openCode } from './code-cache.ts';
import { provideCodeKeeper } from './code-keeper.ts';
import { importModule, loader } from './load.ts';
import { type Program, serve } from './standby/serve.ts';

const [, , key = '', root = '', seconds = '0'] = process.argv;

/** Everything a container's life needs, and what it was compiled to in earlier commands. */
function loadAll(): Program {
  provideCodeKeeper({ ...keepCode, importModule });
  const load = loader(openCode(cacheBelow(root, process.env), 'start'), import.meta.dirname);
  const program = load('./cli.cjs') as Program;
  keepCode.open(root, process.env, 'run');
  const { preload } = require(join(import.meta.dirname, 'engine.cjs')) as { preload(packs: string[]): void };
  preload(['engine', 'run', 'networks', 'exec', 'lifecycle']);
  return program;
}

void serve({ key, root, seconds: Number(seconds) }, loadAll).then((code) => process.exit(code));
