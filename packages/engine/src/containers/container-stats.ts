/** What containers use now: counters of the cgroup and of the links in the container's network namespace. */
import { readFileSync } from 'node:fs';
import { type CgroupStats, errnoOf, isStrataError } from '@strata/core';
import type { ContainerUse, StatsRequest } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { allContainers, findContainer } from './state/container-store.ts';
import { cgroupOf } from './state/journal.ts';

/** One reading of those named, or of all that run. One that ends meanwhile is told as not running. */
export async function containerStats(
  services: EngineServices,
  { containers = [], all = false }: StatsRequest,
): Promise<readonly ContainerUse[]> {
  const running = "status IN ('running', 'paused')";
  const records =
    containers.length > 0
      ? containers.map((reference) => findContainer(services.database, reference))
      : allContainers(services.database, all ? "status NOT IN ('creating', 'removing')" : running);
  return Promise.all(records.map((record) => useOf(services, record)));
}

async function useOf(services: EngineServices, record: ContainerRecord): Promise<ContainerUse> {
  const { id, name } = record;
  const cgroup = isActive(record) ? await cgroupStats(services, record) : undefined;
  const ownNetwork = record.network !== 'host' && !record.network.startsWith('container:');
  const network = cgroup !== undefined && ownNetwork ? networkUse(record.process?.process.pid) : undefined;
  return { id, name, cgroup, network };
}

async function cgroupStats(
  services: EngineServices,
  record: ContainerRecord,
): Promise<CgroupStats | undefined> {
  const ref = cgroupOf(services.database, record.id);
  if (ref === undefined) return undefined;
  try {
    return await (await services.cgroup()).stats(ref);
  } catch (error) {
    if (isStrataError(error, 'not-found')) return undefined;
    throw error;
  }
}

/** proc_pid_net(5) `dev`: bytes received and sent, all links but loopback. */
function networkUse(pid: number | undefined): ContainerUse['network'] {
  if (pid === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'utf8');
  } catch (error) {
    // It has ended, or ends.
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  const sum = { receivedBytes: 0, sentBytes: 0 };
  for (const line of text.split('\n')) {
    const [link, counters] = line.split(':');
    if (counters === undefined || link?.trim() === 'lo') continue;
    const numbers = counters.trim().split(/\s+/).map(Number);
    sum.receivedBytes += numbers[0] ?? 0;
    sum.sentBytes += numbers[8] ?? 0;
  }
  return sum;
}
