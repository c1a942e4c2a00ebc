import type { Native } from '@strata/native';

let loaded: Native | undefined;

/**
 * The addon. Even its JavaScript is only looked for by the first system call that needs it: finding a package takes
 * longer than loading the rest of this one.
 */
export function native(): Native {
  loaded ??= find();
  return loaded;
}

function find(): Native {
  const { createRequire } = process.getBuiltinModule('node:module');
  const { load } = createRequire(import.meta.url)('@strata/native') as typeof import('@strata/native');
  return load();
}
