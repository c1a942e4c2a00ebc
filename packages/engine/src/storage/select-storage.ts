import { StrataError } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';

/** The layer driver a command would use, known to work here. */
export async function selectStorage(services: InternalServices, id?: string): Promise<string> {
  const selected = await services.layers.select(id);
  const probe = await services.drivers.probe('layer', selected);
  if (!probe.supported)
    throw new StrataError('unsupported', 'DRIVER_UNSUPPORTED', probe.reason, { hint: probe.hint });
  return selected;
}
