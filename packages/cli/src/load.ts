import { join } from 'node:path';
import type { openCode } from './code-cache.ts';
import type { CodeKeeper } from './code-keeper.ts';

/** `import()`, which scripts that are not modules of Node's own loader do not have. */
export const importModule = new Function('url', 'return import(url)') as CodeKeeper['importModule'];

/** `require` of the program: files beside it come through the cache. */
export function loader(code: ReturnType<typeof openCode>, directory: string): (name: string) => unknown {
  const loaded = new Map<string, unknown>();
  const load = (name: string): unknown => {
    if (!/^\.\/[\w-]+\.cjs$/.test(name)) return require(name);
    if (!loaded.has(name)) loaded.set(name, code.load(join(directory, name), load));
    return loaded.get(name);
  };
  return load;
}
