import type { EngineServices } from '../../services.ts';
import { volumeData } from '../../volumes/volume-paths.ts';
import type { ContainerRecord } from '../state/container-record.ts';

/** Docker's `Mounts`. */
export function inspectMounts(
  services: EngineServices,
  { config }: ContainerRecord,
): Record<string, unknown>[] {
  return config.mounts.map(({ type, source = '', target, readOnly, propagation }) => ({
    Type: type,
    ...(type === 'volume'
      ? { Name: source, Source: volumeData(services, source), Driver: 'local' }
      : { Source: source }),
    Destination: target,
    Mode: readOnly === true ? 'ro' : '',
    RW: readOnly !== true,
    Propagation: type === 'bind' ? (propagation ?? 'rprivate') : '',
  }));
}
