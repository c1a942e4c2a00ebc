import { mkdir } from 'node:fs/promises';
import {
  type AnyDriverDefinition,
  type DriverContext,
  type DriverKind,
  type Host,
  StrataError,
} from '@strata/core';

export interface DriverPlace {
  readonly root: string;
  readonly runDirectory: string;
  readonly host: Host;
  readonly signal: AbortSignal;
}

/** A context with the driver's default options. */
export async function driverContext(
  definition: AnyDriverDefinition,
  { root, runDirectory, host, signal }: DriverPlace,
): Promise<DriverContext> {
  for (const directory of [root, runDirectory]) await mkdir(directory, { recursive: true, mode: 0o700 });
  const checked = await definition.options['~standard'].validate({});
  if (checked.issues !== undefined)
    throw new StrataError(
      'invalid-argument',
      'DRIVER_OPTIONS',
      `The ${definition.kind} driver ${definition.id} does not work without options: ${checked.issues[0]?.message}`,
    );
  const log = host.log.child({ driver: `${definition.kind}/${definition.id}` });
  return { root, runDirectory, options: checked.value, host, log, signal };
}

/** The definitions named, in that order; all of the kind when none are. @throws not-found `DRIVER_UNKNOWN` */
export function chooseDrivers(
  drivers: readonly AnyDriverDefinition[],
  kind: DriverKind,
  names: readonly string[] | undefined,
): readonly AnyDriverDefinition[] {
  const installed = drivers.filter((driver) => driver.kind === kind);
  if (names === undefined) return installed;
  return [...new Set(names)].map((name) => {
    const found = installed.find(({ id }) => id === name);
    if (found !== undefined) return found;
    throw new StrataError(
      'not-found',
      'DRIVER_UNKNOWN',
      `There is no ${kind} driver ${JSON.stringify(name)}`,
      {
        hint: `Known are ${installed.map(({ id }) => id).join(', ') || 'none'}`,
      },
    );
  });
}
