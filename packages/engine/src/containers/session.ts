import type { AttachedStreams, ExitStatus, HeldLock, MonitoredProcess, RuntimeDriver } from '@strata/core';
import type { Session } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { hasPolicy } from './attendance.ts';
import { untilItTakes } from './early-signal.ts';
import { reapContainer, startReaper } from './reap-container.ts';
import { recordedEnd } from './recorded-end.ts';
import { containerById, type NewContainer } from './state/container-store.ts';

interface SessionParts {
  readonly container: Pick<NewContainer, 'id' | 'config'>;
  readonly process: MonitoredProcess;
  readonly started: Date;
  readonly runtime: RuntimeDriver;
  readonly streams: AttachedStreams | undefined;
  /** Held by the client that started it. */
  readonly attendance?: HeldLock | undefined;
}

/** A container as one client holds it. `wait` also cleans up after it: the first of all who wait does. */
export function containerSession(services: EngineServices, parts: SessionParts): Session {
  const { container, process, started, runtime, streams, attendance } = parts;
  return {
    containerId: container.id,
    execId: undefined,
    terminal: process.terminal,
    streams,
    resize: (size) => runtime.resize(process, size),
    kill: async (signal) => {
      await untilItTakes(process, signal, { started, init: container.config.init });
      await runtime.kill(container.id, signal);
    },
    wait: async (): Promise<ExitStatus> => {
      const status = await runtime.wait(process, services.signal);
      await reapContainer(services, container.id, process);
      if (attendance !== undefined) await leaveRestart(services, container);
      await attendance?.release();
      return status.lost ? (recordedEnd(services, container.id) ?? status) : status;
    },
    [Symbol.asyncDispose]: async () => {
      await streams?.close();
      await attendance?.release();
    },
  };
}

/** It got its policy while it ran, so its monitor left this end to us. */
async function leaveRestart(
  services: EngineServices,
  { id, config }: SessionParts['container'],
): Promise<void> {
  if (!hasPolicy(config) && containerById(services.database, id)?.status === 'restarting')
    await startReaper(services, id);
}
