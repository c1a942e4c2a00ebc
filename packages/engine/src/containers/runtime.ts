import type { RuntimeDriver } from '@strata/core';
import type { EngineServices } from '../services.ts';

/** The runtime a name stands for: a driver's id, or a program (`runc`, `/usr/local/bin/crun`) for the OCI driver. */
export function runtimeFor(services: EngineServices, name: string): Promise<RuntimeDriver> {
  const ids = services.drivers.ids('runtime');
  if (name === '') return services.drivers.get('runtime', ids[0] ?? 'oci');
  if (ids.includes(name)) return services.drivers.get('runtime', name);
  return services.drivers.get('runtime', 'oci', { command: name });
}
