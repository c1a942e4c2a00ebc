import type { Native } from '@strata/native';

/** The addon by its package; the host's way to it would load the engine. @throws NATIVE_MISSING */
export function loadNative(): Native {
  const { createRequire } = process.getBuiltinModule('node:module');
  const require = createRequire(`${import.meta.dirname}/`);
  return (require('@strata/native') as typeof import('@strata/native')).load();
}
