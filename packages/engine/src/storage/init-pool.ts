import type { Operation } from '../api/images.ts';
import type { DriverStatus } from '../api/storage.ts';
import type { InternalServices } from '../internal-services.ts';
import { driverStatus } from './driver-status.ts';

export async function initPool(
  services: InternalServices,
  driver: string,
  options: Operation & { readonly sizeBytes: number },
): Promise<DriverStatus> {
  const definition = services.drivers.definition('layer', driver);
  await services.pools.init(definition, options.sizeBytes, options.signal);
  // What did not work on the store's own filesystem does in the pool.
  services.drivers.forgetProbe('layer', driver);
  return driverStatus(services, 'layer', driver);
}
