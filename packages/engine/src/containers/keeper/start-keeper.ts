import type { EngineServices } from '../../services.ts';
import { healthPlan } from '../health/health-config.ts';
import type { ContainerRecord } from '../state/container-record.ts';
import { allContainers, type NewContainer } from '../state/container-store.ts';

export const keeperLock = 'keeper';

export function needsKeeper({ config }: Pick<NewContainer, 'config'>): boolean {
  const rotates = config.log.driver !== 'none' && config.log.maxBytes !== undefined;
  return rotates || healthPlan(config) !== undefined;
}

/** Those that run and need it. */
export function keptContainers(services: EngineServices): ContainerRecord[] {
  const { processes } = services.host;
  return allContainers(services.database, "status IN ('running', 'paused')").filter(
    (record) =>
      needsKeeper(record) && record.process !== undefined && processes.alive(record.process.monitor),
  );
}

/** Start it, if this engine knows how; it finds out itself whether there is one already. */
export async function startKeeper(services: EngineServices): Promise<void> {
  const [program, ...args] = services.keepCommand ?? [];
  if (program === undefined) return;
  const child = await services.host.exec.spawn(program, args, {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  child.unref();
}

/** After its death: whoever looks at containers notices. */
export async function reviveKeeper(services: EngineServices): Promise<void> {
  if (services.keepCommand === undefined || keptContainers(services).length === 0) return;
  const lock = await services.host.locks.tryAcquire(services.paths.lock('container', keeperLock));
  if (lock === undefined) return;
  await lock.release();
  await startKeeper(services);
}
