'use strict';
// The addon is loaded on the first call of `load`, so that commands without system calls never pay for it.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const FILE = join('build', 'strata_native.node');
let addon;

function missing(cause) {
  const error = new Error('The native part of Strata is not built for this machine', { cause });
  error.name = 'StrataError';
  error.kind = 'failed-precondition';
  error.code = 'NATIVE_MISSING';
  error.hint = 'Run the set-up (`npm run quickstart`), or `node build.mjs` in packages/native; it needs gcc';
  error.exitCode = undefined;
  error.context = {};
  // The brand that `isStrataError` of @strata/core looks for; this package depends on nothing.
  Object.defineProperty(error, Symbol.for('@strata/core/StrataError'), { value: true });
  return error;
}

function locate() {
  const own = join(__dirname, FILE);
  if (existsSync(own)) return own;
  // Bundled into another file: the package itself still lies in node_modules.
  try {
    return require.resolve(`@strata/native/${FILE}`);
  } catch (cause) {
    throw missing(cause);
  }
}

/** The addon. @throws NATIVE_MISSING when it is not built. */
exports.load = function load() {
  if (addon !== undefined) return addon;
  const file = locate();
  try {
    addon = require(file);
  } catch (cause) {
    throw missing(cause);
  }
  return addon;
};
