import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Of undici what a registry client uses. Its index brings fetch, WebSockets, mocks and caches, two thirds of a megabyte
 * that every `pull` would evaluate; HTTP/2, and with it `node:http2`, is only loaded should somebody allow it.
 */
export function slimUndici(importer: string): Plugin {
  const load = createRequire(importer);
  const root = dirname(load.resolve('undici/package.json'));
  const at = (path: string): string => JSON.stringify(join(root, 'lib', path));
  return {
    name: 'slim-undici',
    setup(build) {
      build.onResolve({ filter: /^undici$/ }, ({ kind }) =>
        kind === 'dynamic-import' ? { path: 'undici', namespace: 'slim' } : undefined,
      );
      build.onLoad({ filter: /./, namespace: 'slim' }, () => ({
        contents: `import Agent from ${at('dispatcher/agent.js')};
          import ProxyAgent from ${at('dispatcher/proxy-agent.js')};
          import Dispatcher from ${at('dispatcher/dispatcher.js')};
          import api from ${at('api/index.js')};
          Object.assign(Dispatcher.prototype, api);
          export { Agent, ProxyAgent };`,
        resolveDir: root,
      }));
      build.onResolve({ filter: /^\.\/client-h2(?:\.js)?$/ }, ({ importer: from, namespace }) =>
        namespace === 'file' && from.startsWith(root) ? { path: 'client-h2', namespace: 'later' } : undefined,
      );
      build.onLoad({ filter: /./, namespace: 'later' }, () => ({
        contents: `module.exports = (...all) => require(${at('dispatcher/client-h2.js')})(...all);`,
        resolveDir: root,
      }));
    },
  };
}
