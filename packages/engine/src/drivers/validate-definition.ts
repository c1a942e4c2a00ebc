import { type AnyDriverDefinition, driverApiVersions, StrataError } from '@strata/core';

const ID = /^[a-z][a-z0-9-]{0,31}$/;

/** Check what a package exports as a driver before any of its code runs. @throws invalid-argument */
export function validateDefinitions(definitions: readonly AnyDriverDefinition[]): void {
  const seen = new Set<string>();
  for (const definition of definitions) {
    validateDefinition(definition);
    const name = `${definition.kind} driver ${definition.id}`;
    if (seen.has(name))
      throw invalid('DRIVER_DUPLICATE', `There are two drivers for ${name}`, 'Remove one of the packages');
    seen.add(name);
  }
}

function validateDefinition(definition: AnyDriverDefinition): void {
  if (typeof definition !== 'object' || definition === null)
    throw invalid('DRIVER_INVALID', 'A driver package must export a DriverDefinition as its default export');
  const { kind, id, apiVersion } = definition;
  if (typeof kind !== 'string' || !Object.hasOwn(driverApiVersions, kind))
    throw invalid(
      'DRIVER_INVALID',
      `Driver ${shown(id)} is of unknown kind ${shown(kind)}`,
      `The kinds are ${Object.keys(driverApiVersions).join(', ')}`,
    );
  if (typeof id !== 'string' || !ID.test(id))
    throw invalid(
      'DRIVER_INVALID',
      `${shown(id)} is not an id for a ${kind} driver`,
      'An id starts with a letter and has lower-case letters, digits and dashes, at most 32',
    );
  const known = driverApiVersions[kind];
  if (apiVersion !== known)
    throw invalid(
      'DRIVER_API_VERSION',
      `The ${kind} driver ${id} speaks version ${shown(apiVersion)} of the contract, this Strata version ${known}`,
      Number(apiVersion) > known ? 'Update Strata' : `Update the package of driver ${id}`,
    );
  for (const member of ['probe', 'create'] as const) {
    if (typeof definition[member] !== 'function')
      throw invalid('DRIVER_INVALID', `The ${kind} driver ${id} has no ${member} function`);
  }
  if (typeof definition.options?.['~standard']?.validate !== 'function')
    throw invalid('DRIVER_INVALID', `The ${kind} driver ${id} has no Standard Schema for its options`);
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function invalid(code: string, message: string, hint?: string): StrataError {
  return new StrataError('invalid-argument', code, message, hint === undefined ? {} : { hint });
}
