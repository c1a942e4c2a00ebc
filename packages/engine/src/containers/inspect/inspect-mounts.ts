import { join } from 'node:path';
import type { ContainerRecord } from '../state/container-record.ts';

/** Docker's `Mounts`. */
export function inspectMounts({ config }: ContainerRecord, directory: string): Record<string, unknown>[] {
  const volumes = config.volumes.map((target, n) => ({
    Type: 'volume',
    Name: `anonymous-${n}`,
    Source: join(directory, 'volumes', String(n)),
    Destination: target,
    Driver: 'local',
    Mode: '',
    RW: true,
    Propagation: '',
  }));
  const requested = config.mounts.map(({ type, source, target, readOnly, propagation }) => ({
    Type: type,
    Source: source ?? '',
    Destination: target,
    Mode: readOnly === true ? 'ro' : '',
    RW: readOnly !== true,
    Propagation: type === 'bind' ? (propagation ?? 'rprivate') : '',
  }));
  return [...volumes, ...requested];
}
