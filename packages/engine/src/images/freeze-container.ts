import type { CgroupDriver, CgroupRef } from '@strata/core';
import { emitContainer } from '../containers/container-events.ts';
import { withContainerLock } from '../containers/container-lock.ts';
import { sameRun } from '../containers/health/probe-exec.ts';
import { reapLocked } from '../containers/reap-container.ts';
import type { ContainerRecord } from '../containers/state/container-record.ts';
import { containerById, updateContainer } from '../containers/state/container-store.ts';
import { cgroupOf } from '../containers/state/journal.ts';
import type { InternalServices } from '../internal-services.ts';
import { volatileTransaction } from '../state/volatile.ts';

/**
 * Make a running container stand still; returns how to let it go on (once). It is paused for everybody, as docker commit
 * does: no probe of its health hangs meanwhile, and should this process be killed, `unpause` lets it go on. One paused
 * by the user stays paused.
 */
export async function freezeContainer(
  services: InternalServices,
  { id }: ContainerRecord,
): Promise<() => Promise<void>> {
  return await withContainerLock(services, id, async () => {
    const record = await reapLocked(services, id);
    const ref = cgroupOf(services.database, id);
    if (record?.status !== 'running' || ref === undefined) return async () => undefined;
    const cgroup = await services.cgroup();
    if (!cgroup.capabilities.freezer) {
      services.host.log.warn('committing a running container that cannot be frozen', { container: id });
      return async () => undefined;
    }
    // First, for nobody would know of one that stands still when we die in between.
    change(services, record, 'paused');
    await cgroup.freeze(ref).catch((error: unknown) => {
      change(services, record, 'running');
      throw error;
    });
    let frozen = true;
    return async () => {
      if (frozen) await thaw(services, record, { cgroup, ref });
      frozen = false;
    };
  });
}

/** Unless somebody else did, or it ended. */
async function thaw(
  services: InternalServices,
  record: ContainerRecord,
  { cgroup, ref }: { readonly cgroup: CgroupDriver; readonly ref: CgroupRef },
): Promise<void> {
  await withContainerLock(services, record.id, async () => {
    const now = containerById(services.database, record.id);
    if (now?.status !== 'paused' || !sameRun(now, record)) return;
    await cgroup.thaw(ref);
    change(services, record, 'running');
  });
}

function change(services: InternalServices, record: ContainerRecord, status: 'paused' | 'running'): void {
  volatileTransaction(services.database, () => {
    updateContainer(services.database, record.id, { status });
    emitContainer(services, record, status === 'paused' ? 'pause' : 'unpause');
  });
}
