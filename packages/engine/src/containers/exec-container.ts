import { type AttachedStreams, type MonitoredProcess, type RuntimeDriver, StrataError } from '@strata/core';
import type { ExecRequest, Session } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';
import { randomHex } from '../state/random.ts';
import { volatileTransaction } from '../state/volatile.ts';
import { emitContainer } from './container-events.ts';
import { processTree } from './copy/container-tree.ts';
import { type ExecPlace, openExecPlace } from './exec-place.ts';
import { sameRun } from './health/probe-exec.ts';
import { workingDirectory } from './merge-config.ts';
import { lookupUser } from './rootfs/lookup-user.ts';
import { runtimeFor } from './runtime.ts';
import { capabilitiesFor } from './security/capabilities.ts';
import { capabilitiesOf, type OciProcess, processOf } from './spec/oci-spec.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { containerById, findContainer } from './state/container-store.ts';
import { notRunning, pausedError } from './stop-container.ts';

/** exec: one more process in a running container, with a monitor of its own. */
export async function execContainer(services: EngineServices, request: ExecRequest): Promise<Session> {
  const record = findContainer(services.database, request.container);
  if (record.status === 'paused') throw pausedError(record);
  if (!isAlive(services, record)) throw notRunning(record);
  if (request.command.length === 0)
    throw new StrataError('invalid-argument', 'NO_COMMAND', 'No exec command specified');
  const execId = randomHex(32);
  const runtime = await runtimeFor(services, record.config.runtime);
  const attach = request.detach !== true;
  const place = await openExecPlace(services, record.id, { execId, attended: attach });
  emitContainer(services, record, `exec_create: ${request.command.join(' ')}`, { execID: execId });
  let streams: AttachedStreams | undefined;
  try {
    const process = await runtime.exec(
      {
        execId,
        containerId: record.id,
        runDirectory: place.directory,
        process: execProcess(services, record, request),
        monitor: {
          terminal: request.tty ?? false,
          stdin: request.stdin ?? false,
          leaveStdinOpen: false,
          logPath: undefined,
        },
      },
      attach
        ? async (early) => {
            streams = await runtime.attach(early);
          }
        : undefined,
    );
    emitContainer(services, record, `exec_start: ${request.command.join(' ')}`, { execID: execId });
    return execSession(services, { record, process, runtime, streams, place });
  } catch (error) {
    await streams?.close();
    await place.abandon();
    throw whyNot(services, record) ?? error;
  }
}

/** The container was ended or paused while the exec was being made, which the runtime tells in words of its own. */
function whyNot(services: EngineServices, before: ContainerRecord): StrataError | undefined {
  const now = containerById(services.database, before.id);
  if (now?.status === 'paused') return pausedError(now);
  const runs = now !== undefined && sameRun(now, before) && isAlive(services, now);
  return runs ? undefined : notRunning(before);
}

function isAlive({ host }: EngineServices, record: ContainerRecord): boolean {
  const { process } = record;
  return (
    isActive(record) &&
    process !== undefined &&
    host.processes.alive(process.process) &&
    host.processes.alive(process.monitor)
  );
}

/** As the container runs, but for what the request says. */
export function execProcess(
  services: EngineServices,
  record: ContainerRecord,
  request: ExecRequest,
): OciProcess {
  const { config } = record;
  using tree = processTree(services, record);
  const user = lookupUser(
    tree,
    request.user ?? config.user,
    request.user === undefined ? config.groupAdd : [],
  );
  const names = new Set((request.env ?? []).map((line) => line.split('=')[0]));
  const kept = config.env.filter((line) => {
    const name = line.split('=')[0] ?? '';
    // TERM belongs to the terminal at hand; HOME to the user this runs as.
    return (
      !names.has(name) && !(name === 'TERM' && request.tty !== true) && !(name === 'HOME' && request.user)
    );
  });
  const terminal =
    request.tty === true && !kept.some((line) => line.startsWith('TERM=')) ? ['TERM=xterm'] : [];
  const capabilities =
    request.privileged === true ? capabilitiesFor({ privileged: true }) : capabilitiesOf(config);
  return processOf(
    {
      tty: request.tty ?? false,
      env: [...kept, ...terminal, ...(request.env ?? []).filter((line) => line.includes('='))],
      workingDirectory: workingDirectory(request.workingDirectory, config.workingDirectory),
      noNewPrivileges: config.noNewPrivileges,
    },
    user,
    request.command,
    capabilities,
  );
}

interface ExecParts {
  readonly record: ContainerRecord;
  readonly process: MonitoredProcess;
  readonly runtime: RuntimeDriver;
  readonly streams: AttachedStreams | undefined;
  readonly place: ExecPlace;
}

function execSession(services: EngineServices, parts: ExecParts): Session {
  const { record, process, runtime, streams, place } = parts;
  return {
    containerId: process.containerId,
    execId: process.execId,
    terminal: process.terminal,
    streams,
    resize: (size) => runtime.resize(process, size),
    kill: async (signal) => {
      services.host.processes.kill(process.process, signal);
    },
    wait: async () => {
      const status = await runtime.wait(process, services.signal);
      await place.remove();
      const attributes = { execID: process.execId ?? '', exitCode: String(status.code) };
      volatileTransaction(services.database, () => emitContainer(services, record, 'exec_die', attributes));
      return status;
    },
    [Symbol.asyncDispose]: async () => {
      await streams?.close();
      await place.leave();
    },
  };
}
