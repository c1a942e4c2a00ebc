import { statSync } from 'node:fs';
import type { EngineServices } from '../../services.ts';
import { logPath, rotateLog } from '../logs/log-files.ts';
import { runtimeFor } from '../runtime.ts';
import type { ContainerRecord } from '../state/container-record.ts';

/** Rotate the logs that have grown over their limit. */
export async function rotateLogs(
  services: EngineServices,
  records: readonly ContainerRecord[],
): Promise<void> {
  for (const { id, config, process } of records) {
    const { maxBytes, maxFiles } = config.log;
    if (maxBytes === undefined || process === undefined) continue;
    const log = logPath(services.paths.container(id));
    const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
    if (size < maxBytes) continue;
    const runtime = await runtimeFor(services, config.runtime);
    const reopen = runtime.reopenLog?.bind(runtime, process);
    if (reopen === undefined) continue;
    await rotateLog(log, maxFiles, reopen).catch((error: unknown) => {
      services.host.log.warn('a log was not rotated', { id, error: String(error) });
    });
  }
}
