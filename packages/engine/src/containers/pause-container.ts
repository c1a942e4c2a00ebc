import { type CgroupDriver, type CgroupRef, StrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { reapLocked } from './reap-container.ts';
import type { ContainerRecord } from './state/container-record.ts';
import { findContainer, updateContainer } from './state/container-store.ts';
import { cgroupOf } from './state/journal.ts';
import { notRunning } from './stop-container.ts';

/** pause: every process of it stands still, by the freezer of its cgroup. */
export async function pauseContainer(services: EngineServices, reference: string): Promise<void> {
  await withFreezer(services, reference, async (record, freezer) => {
    if (record.status === 'paused')
      throw new StrataError(
        'failed-precondition',
        'CONTAINER_PAUSED',
        `Container ${record.name} is already paused`,
      );
    await freezer.driver.freeze(freezer.ref);
    change(services, record, 'paused', 'pause');
  });
}

export async function unpauseContainer(services: EngineServices, reference: string): Promise<void> {
  await withFreezer(services, reference, async (record, freezer) => {
    if (record.status !== 'paused')
      throw new StrataError(
        'failed-precondition',
        'CONTAINER_NOT_PAUSED',
        `Container ${record.name} is not paused`,
        { hint: '`strata ps` shows which containers are' },
      );
    await freezer.driver.thaw(freezer.ref);
    change(services, record, 'running', 'unpause');
  });
}

async function withFreezer(
  services: EngineServices,
  reference: string,
  body: (record: ContainerRecord, freezer: { driver: CgroupDriver; ref: CgroupRef }) => Promise<void>,
): Promise<void> {
  const found = findContainer(services.database, reference);
  await withContainerLock(services, found.id, async () => {
    const record = await reapLocked(services, found.id);
    if (record === undefined || (record.status !== 'running' && record.status !== 'paused'))
      throw notRunning(found);
    const driver = await services.cgroup();
    const ref = cgroupOf(services.database, record.id);
    if (ref === undefined || !driver.capabilities.freezer)
      throw new StrataError(
        'unsupported',
        'PAUSE_UNSUPPORTED',
        'Containers cannot be paused without cgroups',
        {
          hint: 'Use a cgroup driver with a freezer',
        },
      );
    await body(record, { driver, ref });
  });
}

function change(
  services: EngineServices,
  record: ContainerRecord,
  status: 'paused' | 'running',
  action: string,
): void {
  services.database.transaction(() => {
    updateContainer(services.database, record.id, { status });
    emitContainer(services, record, action);
  });
}
