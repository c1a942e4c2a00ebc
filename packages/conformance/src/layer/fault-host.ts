/**
 * A host that fails at its n-th call that changes something, so that a driver can be stopped between any two steps.
 * `crash`: that call and all later ones fail, like a process that is gone and cannot undo. `no-space`: only that one
 * fails, with ENOSPC, and the driver is expected to undo.
 */
import { type Host, StrataError, type Tree } from '@strata/core';

export type Fault = 'crash' | 'no-space';

export interface FaultHost {
  readonly host: Host;
  /** Did the fault happen? If not, the operation has fewer steps. */
  readonly hit: () => boolean;
}

const CHANGING = new Set<PropertyKey>([
  ...['run', 'copyTree', 'writeAtomic', 'reflink', 'removeTree'],
  ...['mkdir', 'mknod', 'symlink', 'link', 'writeFile', 'createFile', 'setXattr'],
  ...[
    'rename',
    'remove',
    'unlink',
    'rmdir',
    'chmod',
    'chown',
    'utimes',
    'mount',
    'unmount',
    'withMounted',
    'syncfs',
  ],
]);
/** Calls that need space; the others cannot fail with ENOSPC on every filesystem. */
const GROWING = new Set<PropertyKey>([
  ...['run', 'copyTree', 'writeAtomic', 'reflink', 'mkdir', 'mknod'],
  ...['symlink', 'link', 'writeFile', 'createFile', 'setXattr'],
]);

export function faultAt(host: Host, step: number, fault: Fault): FaultHost {
  const wanted = fault === 'crash' ? CHANGING : GROWING;
  let seen = 0;
  const check = (method: PropertyKey): void => {
    if (!wanted.has(method)) return;
    seen += 1;
    if (seen === step || (fault === 'crash' && seen > step)) throw failure(fault, String(method));
  };
  return {
    hit: () => seen >= step,
    host: {
      ...host,
      exec: guarded(host.exec, check),
      mounter: guarded(host.mounter, check),
      files: guarded(host.files, check, {
        openTree: (path: string): Tree => guarded(host.files.openTree(path), check),
      }),
    },
  };
}

function failure(fault: Fault, method: string): Error {
  if (fault === 'crash') return new Error(`crashed before ${method}`);
  const cause = Object.assign(new Error(`ENOSPC: no space left on device, ${method}`), { code: 'ENOSPC' });
  if (method !== 'run') return cause;
  return new StrataError('internal', 'PROGRAM_FAILED', 'the program failed: No space left on device');
}

function guarded<T extends object>(
  inner: T,
  check: (method: PropertyKey) => void,
  replaced: Partial<Record<PropertyKey, unknown>> = {},
): T {
  return new Proxy(inner, {
    get(target, property) {
      if (property in replaced) return replaced[property];
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        check(property);
        return Reflect.apply(value, target, args);
      };
    },
  });
}
