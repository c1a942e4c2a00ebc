'use strict';
// The addon is loaded on the first call of `load`, so that commands without system calls never pay for it.
const { existsSync, readSync } = require('node:fs');
const { join } = require('node:path');

const FILE = join('build', 'strata_native.node');
const READABLE = 1;
const AF_UNIX = 1;
const AF_UNIX_BYTES = 110;
const EBADF = 9;
const EINVAL = 22;
const SLASH = 0x2f;
const ENAMETOOLONG = 36;
let loaded;

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

/** sockaddr_un of unix(7), whose path has 107 bytes and a NUL. */
function connectPackets(addon, path) {
  const address = Buffer.alloc(AF_UNIX_BYTES);
  address[0] = AF_UNIX;
  const name = Buffer.from(path);
  if (name.length > AF_UNIX_BYTES - 3) addon.raise(ENAMETOOLONG, 'connect');
  name.copy(address, 2);
  const fd = addon.packetSocket();
  try {
    addon.connect(fd, address);
    return fd;
  } catch (error) {
    addon.close(fd);
    throw error;
  }
}

/**
 * Linux 6.13 has *xattrat(2); a path through /proc with the l* calls does the same everywhere. Without a name it is the
 * open file itself, and followed. A name is one component, else it would be resolved by string.
 */
function below(addon, dirfd, name) {
  if (name.length === 0) return `/proc/self/fd/${dirfd}`;
  if (name.includes(typeof name === 'string' ? '/' : SLASH)) addon.raise(EINVAL, 'xattr');
  if (typeof name === 'string') return `/proc/self/fd/${dirfd}/${name}`;
  return Buffer.concat([Buffer.from(`/proc/self/fd/${dirfd}/`), name]);
}

const follows = (name) => (name.length === 0 ? 1 : 0);

/** Waits and blocking calls as promises; the rest is the addon itself. */
function withPromises(addon) {
  const poll = (fd, events, background = false) =>
    new Promise((resolve, reject) => {
      const settle = (result) => {
        if (result >= 0) return resolve(result);
        // libuv's word for POLLERR: a peer that died with bytes unread. The next call on the descriptor says what it is.
        if (result === -EBADF) return resolve(events);
        try {
          addon.raise(-result, 'poll');
        } catch (error) {
          reject(error);
        }
      };
      addon.poll(fd, events, settle, background ? 1 : 0);
    });
  // The call runs on a thread of its own, and says 0 or its errno through a pipe.
  const onThread =
    (call, name) =>
    async (...args) => {
      const answer = call(...args);
      const error = new Int32Array(1);
      try {
        await poll(answer, READABLE);
        readSync(answer, error);
      } finally {
        addon.close(answer);
      }
      if (error[0] !== 0) addon.raise(error[0], name);
      return 0;
    };
  return {
    ...addon,
    poll,
    setXattr: (dirfd, name, attribute, value) =>
      addon.setXattr(below(addon, dirfd, name), attribute, value, follows(name)),
    removeXattr: (dirfd, name, attribute) =>
      addon.removeXattr(below(addon, dirfd, name), attribute, follows(name)),
    getXattr: (dirfd, name, attribute) => addon.getXattr(below(addon, dirfd, name), attribute, follows(name)),
    listXattr: (dirfd, name) => addon.getXattr(below(addon, dirfd, name), null, follows(name)),
    connectPackets: (path) => connectPackets(addon, path),
    syncfs: onThread(addon.syncfs, 'syncfs'),
    mount: onThread(addon.mount, 'mount'),
    umount: onThread(addon.umount, 'umount2'),
    networkNamespace: onThread(addon.networkNamespace, 'unshare'),
  };
}

/** The addon. @throws NATIVE_MISSING when it is not built. */
exports.load = function load() {
  if (loaded !== undefined) return loaded;
  const file = locate();
  try {
    loaded = withPromises(require(file));
  } catch (cause) {
    throw missing(cause);
  }
  return loaded;
};
