import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type AnyDriverDefinition, type DriverKind, isStrataError } from '@strata/core';
import type { Engine } from '@strata/engine';
import { builtinDrivers } from '../builtins.ts';
import type { CommandContext } from '../context.ts';

export interface InstalledDrivers {
  /** Built in, added, or borrowed for this run. */
  readonly definitions: readonly AnyDriverDefinition[];
  /** As asked for, packages replaced by the ids of their drivers. */
  readonly names: readonly string[] | undefined;
  /** Give a store of the bench the package of a driver that is not built in. */
  equip(engine: Engine, id: string | undefined): Promise<void>;
}

const isBuiltin = (kind: DriverKind, id: string): boolean =>
  builtinDrivers.some((driver) => driver.kind === kind && driver.id === id);

/** A directory, an archive, a scoped or versioned name, or one by the convention: never a mistyped id. */
const isPackage = (name: string): boolean => /[/@]|\.t(?:ar\.)?gz$|^strata-driver-/.test(name);

/** Every driver that can take part, for as long as `use` takes; packages that were not added are gone afterwards. */
export async function withDrivers<T>(
  context: CommandContext,
  kind: DriverKind,
  {
    names,
    use,
  }: {
    readonly names: readonly string[] | undefined;
    readonly use: (drivers: InstalledDrivers) => Promise<T>;
  },
): Promise<T> {
  const foreign =
    names === undefined
      ? await addedDrivers(context, kind)
      : names.filter((name) => !isBuiltin(kind, name) && (isPackage(name) || existsSync(storeFile(context))));
  const borrowed: AnyDriverDefinition[] = [];
  const packages = new Map<string, string>();
  const ids = new Map<string, string>();
  const lend = async (rest: readonly string[]): Promise<T> => {
    const [next, ...others] = rest;
    if (next === undefined)
      return use({
        definitions: [...builtinDrivers, ...borrowed],
        names: names?.map((name) => ids.get(name) ?? name),
        equip: (engine, id) => equip(engine, id === undefined ? undefined : packages.get(id)),
      });
    if (!isPackage(next) && !(await addedDrivers(context, kind)).includes(next)) return lend(others);
    const { drivers } = await context.engine();
    return drivers.borrow(
      next,
      async ({ definition, module, package: { name } }) => {
        borrowed.push(definition);
        ids.set(next, definition.id);
        if (module !== undefined) packages.set(definition.id, join(dirname(module), 'node_modules', name));
        return lend(others);
      },
      { signal: context.interrupt.signal },
    );
  };
  return lend(foreign);
}

const storeFile = ({ settings }: CommandContext): string => join(settings.root, 'strata.db');

/** Ids of added drivers; a store that does not exist yet is not made for this. */
async function addedDrivers(context: CommandContext, kind: DriverKind): Promise<readonly string[]> {
  if (!existsSync(storeFile(context))) return [];
  const { storage } = await context.engine();
  return (await storage.drivers(kind)).map(({ id }) => id).filter((id) => !isBuiltin(kind, id));
}

async function equip({ drivers }: Engine, packageDirectory: string | undefined): Promise<void> {
  if (packageDirectory === undefined) return;
  try {
    await drivers.add(packageDirectory);
  } catch (error) {
    // The store was opened before.
    if (!isStrataError(error, 'already-exists')) throw error;
  }
}
