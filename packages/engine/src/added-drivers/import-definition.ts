import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyDriverDefinition } from '@strata/core';
import { ENTRY } from './driver-package.ts';
import { type PackageName, packageError, textOf } from './package-error.ts';
import { treeDigest } from './tree-digest.ts';

const TIMEOUT = 10_000;

/** `import()` of a file URL. A program that is bundled as CommonJS gives its own: bundlers make `require` of this one. */
export type ImportModule = (url: string) => Promise<{ readonly default?: unknown }>;

const importHere: ImportModule = (url) => import(/* @vite-ignore */ url);

/** The package's definition in this process, after checking that its files are those that were added. */
export async function importDefinition(
  name: PackageName,
  { directory, tree }: { readonly directory: string; readonly tree: string },
  importModule: ImportModule = importHere,
): Promise<AnyDriverDefinition> {
  verify(name, directory, tree);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const give = () => reject(new Error(`importing it does not end within ${TIMEOUT / 1000} s`));
    timer = setTimeout(give, TIMEOUT);
  });
  try {
    const module = await Promise.race([importModule(pathToFileURL(join(directory, ENTRY)).href), late]);
    const main = module.default as
      | AnyDriverDefinition
      | { readonly default?: AnyDriverDefinition }
      | undefined;
    // A CommonJS package compiled from ESM has its default export one level down.
    const inner = main !== undefined && 'default' in main ? main.default : undefined;
    return inner ?? (main as AnyDriverDefinition);
  } catch (error) {
    throw packageError(name, {
      code: 'DRIVER_IMPORT_FAILED',
      message: `cannot be used: ${textOf(error)}`,
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

function verify(name: PackageName, directory: string, tree: string): void {
  let found: string;
  try {
    found = treeDigest(directory);
  } catch (error) {
    throw packageError(
      name,
      {
        code: 'DRIVER_CHANGED',
        message: `is not where it was installed: ${textOf(error)}`,
        hint: `Install it again: strata driver upgrade ${name.name}`,
        cause: error,
      },
      'data-loss',
    );
  }
  if (found === tree) return;
  const message = 'is not what was added: files in its directory have changed';
  const hint = `Install it again: strata driver upgrade ${name.name}`;
  throw packageError(name, { code: 'DRIVER_CHANGED', message, hint }, 'data-loss');
}
