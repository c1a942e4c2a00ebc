import { type Resources, StrataError } from '@strata/core';
import type { RestartPolicy } from '../api/container-request.ts';
import type { ContainerUpdate } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { invalidRequest } from './check-request.ts';
import { emitContainer } from './container-events.ts';
import { withContainerLock } from './container-lock.ts';
import { wantsRestart } from './restart/restart-policy.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { containerById, findContainer, updateContainer } from './state/container-store.ts';
import { cgroupOf } from './state/journal.ts';

/** update: the live cgroup first, for the kernel may refuse; then what the next start, or the next end, uses. */
export async function updateConfig(
  services: EngineServices,
  reference: string,
  { restart, ...resources }: ContainerUpdate,
): Promise<void> {
  const { id } = findContainer(services.database, reference);
  await withContainerLock(services, id, async () => {
    const record = containerById(services.database, id) ?? findContainer(services.database, reference);
    if (restart !== undefined) checkPolicy(record, restart);
    // Limits depend on each other (memory and memory+swap), so the driver judges all of them, as at the next start.
    const limits = { ...record.config.resources, ...resources };
    const config = { ...record.config, resources: limits, ...(restart === undefined ? {} : { restart }) };
    if (Object.keys(resources).length > 0) await setLimits(services, record, limits);
    services.database.transaction(() => {
      updateContainer(services.database, id, { config });
      if (isGivenUp({ ...record, config })) updateContainer(services.database, id, { status: 'exited' });
      emitContainer(services, record, 'update');
    });
  });
}

function checkPolicy({ name, autoRemove }: ContainerRecord, { name: policy, maximum }: RestartPolicy): void {
  if (autoRemove && policy !== 'no')
    throw new StrataError(
      'failed-precondition',
      'RESTART_OF_REMOVED',
      `Container ${name} is removed when it ends, and cannot be restarted then`,
      { hint: 'Make it anew without --rm' },
    );
  if (!Number.isSafeInteger(maximum) || maximum < 0)
    throw invalidRequest('number of restarts', 'must be a whole number from 0');
}

/** It waits for its next start, and is not to get one any more. */
function isGivenUp(record: ContainerRecord): boolean {
  return record.status === 'restarting' && !wantsRestart(record, record.exitCode ?? 0);
}

async function setLimits(
  services: EngineServices,
  record: ContainerRecord,
  limits: Resources,
): Promise<void> {
  const cgroup = isActive(record) ? cgroupOf(services.database, record.id) : undefined;
  if (cgroup !== undefined) await (await services.cgroup()).update(cgroup, limits);
  else await tryLimits(services, record, limits);
}

/** A stopped container would only fail at its next start, so the limits are set on a cgroup made for that. */
async function tryLimits(
  services: EngineServices,
  { id, config }: ContainerRecord,
  resources: Resources,
): Promise<void> {
  const driver = await services.cgroup();
  const parent = config.cgroupParent === undefined ? {} : { parent: config.cgroupParent };
  await driver.remove(await driver.create(id, resources, parent));
}
