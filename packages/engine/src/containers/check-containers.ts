/** `strata check` for containers: rows, journal and the world compared, and with `repair` brought together again. */
import { dirname, join } from 'node:path';
import type { Finding } from '../api/system.ts';
import { otherLayers } from '../migrate/leftovers.ts';
import type { EngineServices } from '../services.ts';
import { namesIn } from '../state/names-in.ts';
import { cleanupContainers } from './cleanup-containers.ts';
import { isOfOtherStore } from './other-store.ts';
import { endOf } from './reap-container.ts';
import { runtimeFor } from './runtime.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { allContainers, containerById } from './state/container-store.ts';
import { intentsOf, orphanIntents } from './state/journal.ts';

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly subject: string;
  readonly repair: string;
  readonly mend: () => Promise<unknown>;
}

/** A container that another process works on right now is left out. */
export async function checkContainers(
  services: EngineServices,
  options: { readonly repair?: boolean } = {},
): Promise<Finding[]> {
  const records = allContainers(services.database);
  const problems: Problem[] = [];
  for (const record of records) problems.push(...(await rowProblems(services, record)));
  problems.push(...journalProblems(services), ...(await worldProblems(services)));
  const findings: Finding[] = [];
  for (const { mend, ...problem } of problems) {
    let repaired = false;
    if (options.repair === true) {
      repaired = await mend().then(
        () => true,
        (error: unknown) => {
          services.host.log.warn('not repaired', { ...problem, error: String(error) });
          return false;
        },
      );
    }
    findings.push({ ...problem, repaired });
  }
  return findings;
}

async function rowProblems(services: EngineServices, record: ContainerRecord): Promise<Problem[]> {
  await using lock = await services.host.locks.tryAcquire(services.paths.lock('container', record.id));
  if (lock === undefined) return [];
  const found = (code: string, message: string, repair: string): Problem => ({
    code,
    message,
    subject: record.name,
    repair,
    mend: async () => {
      await cleanupContainers(services, record.id);
      // Cleaning up goes on where one part fails: believe only what is seen.
      const left = containerById(services.database, record.id);
      const still = left === undefined ? [] : await rowProblems(services, left);
      if (still.some((problem) => problem.code === code)) throw new Error(`${record.name} is as it was`);
    },
  });
  if (record.status === 'creating')
    return [found('CONTAINER_HALF_MADE', `Container ${record.name} was never finished`, 'take it down')];
  if (record.status === 'removing')
    return [
      found('CONTAINER_HALF_REMOVED', `The removal of ${record.name} was interrupted`, 'finish the removal'),
    ];
  if (isActive(record))
    return (await endOf(services, record)) === undefined
      ? []
      : [found('CONTAINER_END_UNRECORDED', `Container ${record.name} ended unseen`, 'record its end')];
  if (otherLayers(services.database, record).length > 0)
    return [
      found(
        'CONTAINER_HALF_MIGRATED',
        `The migration of ${record.name} was interrupted`,
        'remove the other copy',
      ),
    ];
  const left = intentsOf(services.database, record.id, 'run').length;
  return left === 0
    ? []
    : [
        found(
          'CONTAINER_RUN_LEFT',
          `The last run of ${record.name} left ${left} things behind`,
          'take them down',
        ),
      ];
}

function journalProblems(services: EngineServices): Problem[] {
  const ids = [...new Set(orphanIntents(services.database).map(({ container }) => container))];
  return ids.map((id) => ({
    code: 'INTENT_WITHOUT_CONTAINER',
    message: `The journal holds steps of the vanished container ${id.slice(0, 12)}`,
    subject: id,
    repair: 'undo them',
    mend: () => cleanupContainers(services),
  }));
}

/** Mounts, cgroups, runtime state and directories of ids that the database does not know. */
async function worldProblems(services: EngineServices): Promise<Problem[]> {
  const { host, paths } = services;
  // Asked anew for each name: a row is written before anything of it exists.
  const isOurs = (name: string) =>
    /^[0-9a-f]{64}$/.test(name) &&
    containerById(services.database, name) === undefined &&
    !isOfOtherStore(paths, name);
  const directories = [dirname(paths.container('x')), dirname(paths.containerRun('x'))];
  const runtime = await runtimeFor(services, services.config.runtime ?? '');
  const cgroup = await services.cgroup();
  const problems: Problem[] = [];
  const add = (code: string, subject: string, what: string, mend: () => Promise<unknown>) =>
    problems.push({ code, subject, message: `${what} belongs to no container`, repair: 'remove it', mend });
  for (const id of (await runtime.list()).filter(isOurs))
    add('RUNTIME_STATE_LEFT', id, `The runtime's state ${id.slice(0, 12)}`, () =>
      runtime.delete(id, { force: true }),
    );
  for (const id of (await cgroup.list()).filter(isOurs))
    add('CGROUP_LEFT', id, `The cgroup ${id.slice(0, 12)}`, async () => {
      const ref = await cgroup.create(id, {});
      await cgroup.remove(ref);
    });
  for (const parent of directories) {
    for (const { target } of await host.mounter.list(parent)) {
      const id = target.slice(parent.length + 1).split('/')[0] ?? '';
      if (isOurs(id)) add('MOUNT_LEFT', target, `The mount ${target}`, () => host.mounter.unmount(target));
    }
    for (const name of (await namesIn(parent)).filter(isOurs)) {
      const path = join(parent, name);
      add('CONTAINER_DIRECTORY_LEFT', path, `The directory ${path}`, () => host.files.removeTree(path));
    }
  }
  return problems;
}
