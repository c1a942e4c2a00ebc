/**
 * V8's code of the packed modules, as commands left it. V8 compiles a function when it is first called, which is most
 * of what a command does before it does anything; Node's own compile cache keeps only what was compiled while loading.
 * So a pack is kept when a command ends, with all that it called, by command; the first few times, for each may have
 * called more.
 */
import { existsSync, readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { isOurs, writeCode } from './code-files.ts';
import type { CodeKeeper } from './code-keeper.ts';

/** After this many commands the code is taken to be complete. */
const GENERATIONS = 4;
/** The build begins each pack with a digest of what follows: V8 itself compares nothing but lengths. */
const STAMP = /^\/\*([0-9a-f]{16})\*\//;

type Require = (name: string) => unknown;

type Wrapped = (
  module: { exports: unknown },
  exports: unknown,
  require: Require | undefined,
  filename: string,
  directory: string,
) => void;

interface Loaded {
  readonly name: string;
  readonly script: Script;
  readonly generation: number;
}

class CodeCache {
  readonly #directory: string;
  readonly #trusted: boolean;
  readonly #loaded: Loaded[] = [];
  #names: readonly string[] | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    this.#trusted = isOurs(directory);
  }

  /** The exports of a pack. A pack that takes others asks its loader for them, not `require`. */
  load(path: string, require?: Require): unknown {
    const source = readFileSync(path, 'utf8');
    const [, stamp] = STAMP.exec(source) ?? [];
    const kept = stamp === undefined || !this.#trusted ? undefined : this.#kept(`${basename(path)}-${stamp}`);
    const script = new Script(`(function(module,exports,require,__filename,__dirname){${source}\n})`, {
      filename: path,
      ...(kept?.data && { cachedData: kept.data }),
    });
    if (kept !== undefined) {
      const generation = script.cachedDataRejected === true ? 0 : kept.generation;
      this.#loaded.push({ name: kept.name, script, generation });
    }
    const module = { exports: {} };
    (script.runInThisContext() as Wrapped)(module, module.exports, require, path, dirname(path));
    return module.exports;
  }

  /** Never a reason to fail: without it the next command is slower. */
  save(): void {
    for (const { name, script, generation } of this.#loaded) {
      if (generation >= GENERATIONS) continue;
      try {
        const file = join(this.#directory, `${name}.${generation + 1}`);
        writeCode(file, script.createCachedData());
        for (const other of readdirSync(this.#directory))
          if (isOlder(other, name, generation + 1) || isAbandoned(other))
            unlinkSync(join(this.#directory, other));
      } catch {
        // A full or read-only filesystem, or another command was first.
      }
    }
  }

  #kept(name: string): { name: string; generation: number; data: Buffer | undefined } {
    try {
      this.#names ??= readdirSync(this.#directory);
      const generation = Math.max(
        0,
        ...this.#names
          .filter((file) => file.startsWith(`${name}.`))
          .map((file) => Number(file.slice(-1)) || 0),
      );
      if (generation > 0)
        return { name, generation, data: readFileSync(join(this.#directory, `${name}.${generation}`)) };
    } catch {
      // None yet, or another command has just replaced it.
    }
    return { name, generation: 0, data: undefined };
  }
}

/** Of the same pack: a generation before, or another build. */
function isOlder(file: string, name: string, generation: number): boolean {
  const pack = name.replace(/-[0-9a-f]{16}$/, '');
  if (!file.startsWith(`${pack}-`) || file.endsWith('.new')) return false;
  return !file.startsWith(`${name}.`) || Number(file.slice(-1)) < generation;
}

/** What a command that was killed was writing. */
function isAbandoned(file: string): boolean {
  const [, pid] = /\.(\d+)\.new$/.exec(file) ?? [];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

const opened: { readonly code: CodeCache; readonly below: string }[] = [];

export function cacheBelow(root: string, env: NodeJS.ProcessEnv): string {
  const home = env.XDG_CACHE_HOME;
  return home === undefined || home === '' ? join(root, 'cache') : join(home, 'strata');
}

/** The code of one command; it is saved with that of all others that are open. */
export function openCode(cache: string, command: string): CodeCache {
  const code = new CodeCache(join(cache, `code-${process.version}-${process.arch}`, command));
  opened.push({ code, below: cache });
  return code;
}

export const keepCode: Pick<CodeKeeper, 'open' | 'save'> = {
  open(root, env, command) {
    const cache = openCode(cacheBelow(root, env), command);
    Object.defineProperty(globalThis, Symbol.for('@strata/cli.load'), {
      configurable: true,
      value: (path: string) => cache.load(path),
    });
  },
  save(root, env) {
    if (!existsSync(root)) return;
    const cache = cacheBelow(root, env);
    for (const { code, below } of opened.splice(0)) if (below === cache) code.save();
  },
};
