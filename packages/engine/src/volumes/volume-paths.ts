import { dirname, join } from 'node:path';
import { StrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';

/** Docker's rule; a name is one component of a path. */
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/;

export function isVolumeName(name: string): boolean {
  return namePattern.test(name);
}

/** @throws invalid-argument `VOLUME_NAME_INVALID` */
export function checkVolumeName(name: string): string {
  if (isVolumeName(name)) return name;
  throw new StrataError(
    'invalid-argument',
    'VOLUME_NAME_INVALID',
    `${JSON.stringify(name)} is not a volume name`,
    {
      hint: 'Use at least two of a-z A-Z 0-9 _ . - and begin with a letter or digit; a directory begins with / or .',
    },
  );
}

export function volumesDirectory({ paths }: EngineServices): string {
  return join(paths.root, 'volumes');
}

/** What containers see. */
export function volumeData(services: EngineServices, name: string): string {
  return join(volumesDirectory(services), checkVolumeName(name), '_data');
}

export function volumeDirectory(services: EngineServices, name: string): string {
  return dirname(volumeData(services, name));
}
