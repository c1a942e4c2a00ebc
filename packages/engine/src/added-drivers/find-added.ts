import { type DriverKind, StrataError } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import { type AddedDriver, addedDrivers } from './added-driver.ts';

const KINDS: readonly DriverKind[] = ['layer', 'image', 'network', 'cgroup', 'runtime'];

/** What people call it: the package, the id, or `kind/id`. @throws not-found; invalid-argument when it fits several */
export function findAdded(services: InternalServices, name: string): AddedDriver {
  const found = addedDrivers(services.database).filter((driver) => names(driver).includes(name));
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw new StrataError('invalid-argument', 'DRIVER_AMBIGUOUS', `There are several drivers named ${name}`, {
      hint: `Say which: ${found.map(({ kind, id }) => `${kind}/${id}`).join(', ')}`,
    });
  const builtIn = findKnown(services, name);
  if (builtIn.length > 0)
    throw new StrataError('invalid-argument', 'DRIVER_BUILT_IN', `The driver ${name} comes with Strata`, {
      hint: 'Only added drivers are removed and upgraded; strata driver ls shows which are',
    });
  throw unknownDriver(name);
}

/** Any known driver, built in or added. @throws not-found; invalid-argument when it fits several */
export function findDriver(
  services: InternalServices,
  name: string,
): { readonly kind: DriverKind; readonly id: string } {
  const added = addedDrivers(services.database).filter((driver) => names(driver).includes(name));
  const found = added.length > 0 ? added : findKnown(services, name);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw unknownDriver(name);
  throw new StrataError('invalid-argument', 'DRIVER_AMBIGUOUS', `There are several drivers named ${name}`, {
    hint: `Say which: ${found.map(({ kind, id }) => `${kind}/${id}`).join(', ')}`,
  });
}

/** Drivers of any origin with this id, or this `kind/id`. */
export function findKnown({ drivers }: InternalServices, name: string): { kind: DriverKind; id: string }[] {
  return KINDS.flatMap((kind) => drivers.ids(kind).map((id) => ({ kind, id }))).filter(
    ({ kind, id }) => id === name || `${kind}/${id}` === name,
  );
}

function names({ kind, id, package: packageName }: AddedDriver): string[] {
  return [id, `${kind}/${id}`, packageName];
}

function unknownDriver(name: string): StrataError {
  return new StrataError('not-found', 'DRIVER_UNKNOWN', `There is no driver ${JSON.stringify(name)}`, {
    hint: 'See strata driver ls; add others with strata driver add PACKAGE',
  });
}
