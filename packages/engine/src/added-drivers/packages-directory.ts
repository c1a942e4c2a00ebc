import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, HeldLock, Host } from '@strata/core';
import { makePrivate, type StorePaths } from '../state/paths.ts';
import { addedDrivers } from './added-driver.ts';

/** `<root>/drivers/packages`: one directory per added driver, named by the store's rows. */
export function packagesDirectory(paths: StorePaths): string {
  return join(paths.root, 'drivers', 'packages');
}

/** One change at a time; whatever a killed one left is removed first. */
export async function lockPackages(parts: {
  readonly host: Host;
  readonly paths: StorePaths;
  readonly database: Database;
}): Promise<HeldLock> {
  const { host, paths, database } = parts;
  const directory = packagesDirectory(paths);
  makePrivate(directory);
  const lock = await host.locks.acquire(paths.lock('name', '/added-drivers'));
  try {
    const known = new Set(addedDrivers(database).map((driver) => driver.directory));
    for (const name of readdirSync(directory)) {
      if (!known.has(name)) await host.files.removeTree(join(directory, name));
    }
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** A name nobody uses; readable, so that a person finds the package. */
export function freeDirectory(packages: string): string {
  for (;;) {
    const path = join(packages, crypto.randomUUID().slice(0, 13));
    if (!existsSync(path)) return path;
  }
}
