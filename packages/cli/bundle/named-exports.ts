import { createRequire } from 'node:module';
import type { Plugin } from 'esbuild';

/**
 * `import()` of a CommonJS package: when esbuild splits, its module has a default export only. Here it gets the names
 * that Node would find in it.
 */
export function namedExports(name: string, importer: string): Plugin {
  const path = createRequire(importer).resolve(name);
  const names = Object.keys(createRequire(importer)(name) as object).filter((key) => key !== 'default');
  return {
    name: `named-exports-of-${name}`,
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${name}$`) }, ({ kind }) =>
        kind === 'dynamic-import' ? { path: name, namespace: 'named' } : undefined,
      );
      build.onLoad({ filter: new RegExp(`^${name}$`), namespace: 'named' }, () => ({
        contents: `import all from ${JSON.stringify(path)}; export const { ${names.join(', ')} } = all;`,
        resolveDir: process.cwd(),
      }));
    },
  };
}
