import type { ExitStatus } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { containerById } from './state/container-store.ts';

/**
 * How a container ended according to whoever reaped it: with `--rm` its files and its row are gone by the time others
 * look, and only the `die` event still tells.
 */
export function recordedEnd(services: EngineServices, id: string): ExitStatus | undefined {
  const record = containerById(services.database, id);
  if (record?.exitCode !== undefined)
    return {
      code: record.exitCode,
      at: record.finished ?? new Date(),
      oomKilled: record.oomKilled,
      lost: record.error !== undefined,
    };
  const event = services.database.get<{ at: string; attributes: string }>(
    "SELECT at, attributes FROM events WHERE subject = ? AND action = 'die' ORDER BY seq DESC LIMIT 1",
    id,
  );
  if (event === undefined) return undefined;
  const { exitCode } = JSON.parse(event.attributes) as { exitCode?: string };
  return { code: Number(exitCode ?? 255), at: new Date(event.at), oomKilled: false, lost: false };
}
