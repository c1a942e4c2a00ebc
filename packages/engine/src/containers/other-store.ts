/** Stores may share a run directory: by default all do that are chosen with `--root`. What runs there may be another's. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EnginePaths } from '../services.ts';

/** Whether a container's bundle leads to another store, which is there and knows it. */
export function isOfOtherStore(paths: EnginePaths, id: string): boolean {
  try {
    const bundle: unknown = JSON.parse(readFileSync(join(paths.containerRun(id), 'config.json'), 'utf8'));
    const { path } = (bundle as { root: { path: string } }).root;
    const directory = dirname(path);
    return directory !== paths.container(id) && existsSync(directory);
  } catch {
    return false;
  }
}
