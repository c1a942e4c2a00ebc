import type { ContainerRecord } from '../containers/state/container-record.ts';
import { cgroupOf } from '../containers/state/journal.ts';
import type { InternalServices } from '../internal-services.ts';

/** Make a running container stand still; returns how to let it go on (once). One paused by the user stays paused. */
export async function freezeContainer(
  services: InternalServices,
  container: ContainerRecord,
): Promise<() => Promise<void>> {
  const nothing = async () => undefined;
  if (container.status !== 'running') return nothing;
  const ref = cgroupOf(services.database, container.id);
  if (ref === undefined) return nothing;
  const cgroup = await services.cgroup();
  if (!cgroup.capabilities.freezer) {
    services.host.log.warn('committing a running container that cannot be frozen', {
      container: container.id,
    });
    return nothing;
  }
  await cgroup.freeze(ref);
  let frozen = true;
  return async () => {
    if (!frozen) return;
    frozen = false;
    await cgroup.thaw(ref);
  };
}
