import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AttachedStreams, MonitoredProcess, ProcessId, RuntimeDriver } from '@strata/core';
import type { EngineServices } from '../../services.ts';
import { randomHex } from '../../state/random.ts';
import { execProcess } from '../exec-container.ts';
import type { ContainerRecord } from '../state/container-record.ts';
import { cgroupOf } from '../state/journal.ts';
import { killProbe } from './kill-probe.ts';
import type { LimitedOutput } from './limited-output.ts';

const sigkill = 9;

export interface Probe {
  readonly record: ContainerRecord;
  readonly command: readonly string[];
  readonly runtime: RuntimeDriver;
  /** One per container: there is one probe at a time. */
  readonly directory: string;
  readonly output: LimitedOutput;
  /** Aborted when the time is up, or nobody wants to know any more. */
  readonly ending: AbortSignal;
  /** Before anything of the container runs. */
  monitor?: ProcessId;
  streams?: AttachedStreams;
  reading?: Promise<void>;
}

export function probeDirectory(services: EngineServices, container: string): string {
  return join(services.paths.containerRun(container), 'health');
}

/** The caller holds the container's lock. */
export async function startProbe(services: EngineServices, it: Probe): Promise<MonitoredProcess> {
  const { record, directory, runtime, command } = it;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { mode: 0o700 });
  return await runtime.exec(
    {
      execId: randomHex(32),
      containerId: record.id,
      runDirectory: directory,
      process: execProcess(services, record, { container: record.id, command }),
      monitor: { terminal: false, stdin: false, leaveStdinOpen: false, logPath: undefined },
    },
    async (early) => {
      it.monitor = early.monitor;
      await writeFile(monitorFile(directory), JSON.stringify(early.monitor));
      it.streams = await runtime.attach(early);
      it.reading = it.output.readFrom(it.streams);
    },
  );
}

export async function endProbe({ streams, directory }: Probe): Promise<void> {
  await streams?.close();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** What a keeper that died left running. */
export async function endLeftProbe(services: EngineServices, container: string): Promise<void> {
  const directory = probeDirectory(services, container);
  try {
    const monitor = JSON.parse(readFileSync(monitorFile(directory), 'utf8')) as ProcessId;
    await killProbe(services, monitor, cgroupOf(services.database, container));
    services.host.processes.kill(monitor, sigkill);
  } catch {
    // None was running.
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

export function sameRun(one: ContainerRecord, other: ContainerRecord): boolean {
  const [a, b] = [one.process?.monitor, other.process?.monitor];
  return a !== undefined && a.pid === b?.pid && a.startTime === b.startTime;
}

function monitorFile(directory: string): string {
  return join(directory, 'monitor.json');
}
