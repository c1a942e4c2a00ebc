import type { Processes } from '@strata/core';
import type { HealthStatus } from '../../api/containers.ts';
import { isLeaseAlive } from '../../state/lease.ts';

/**
 * What may be said of a container: nobody probes when the keeper is gone, so what it last found is not known to hold;
 * and what does not run is not healthy (moby health.go CloseMonitorChannel).
 */
export function shownStatus(
  { status, lease }: { readonly status: HealthStatus; readonly lease: string | null },
  container: { readonly active: boolean; readonly processes: Pick<Processes, 'alive'> },
): HealthStatus {
  if (!container.active) return 'unhealthy';
  return isLeaseAlive(container.processes, lease) ? status : 'starting';
}
