import { createRequire } from 'node:module';
import type { Plugin } from 'esbuild';

const load = createRequire(import.meta.url);

/** Loading one costs half a millisecond to five, and few commands use any of them. */
const costly =
  /^node:(?:crypto|zlib|dgram|net|dns|readline|http|https|tls|worker_threads|child_process|stream|os|tty)$/;

/** An import of a costly built-in module becomes an object whose properties load it. */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: costly }, ({ importer, namespace, path }) =>
      namespace === 'lazy' || importer.includes('node_modules') ? undefined : { path, namespace: 'lazy' },
    );
    build.onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({
      contents: `for (const name of ${JSON.stringify(Object.keys(load(path)))})
        Object.defineProperty(exports, name, { enumerable: true, get: () => require('${path}')[name] });`,
    }));
  },
};
