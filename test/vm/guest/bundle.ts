/**
 * On the host, before the machine starts: the suites and all they import as plain JavaScript, in `dist`.
 *
 * In the machine Node shall not strip types: that is WebAssembly, whose hot functions V8 compiles in other threads and
 * then puts in place by rewriting the jump table that the main thread is calling through. qemu's emulation drops its
 * translation of an instruction just before the instruction is overwritten; when the other virtual processor runs it
 * in between, the old translation stays. The main thread then goes on calling the slow version of a function, V8
 * frees it, for it cannot be reached any more, and the process dies (about one start in thirty on a busy host). It
 * also takes five times as long to start.
 */
import { join } from 'node:path';
import { build } from 'esbuild';

const here = (name: string) => join(import.meta.dirname, name);

await build({
  entryPoints: ['run-suites.ts', 'run-lane.ts'].map(here),
  outdir: here('../dist'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['source', 'node', 'import', 'default'],
  // As if it lay where @strata/host does, which looks for its addon from there.
  define: { 'import.meta.url': '"file:///repository/packages/host/dist/index.js"' },
  // For libraries that are CommonJS.
  banner: {
    js: `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);`,
  },
  logLevel: 'warning',
});
