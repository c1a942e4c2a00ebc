import { setTimeout as delay } from 'node:timers/promises';
import { type ExitStatus, StrataError } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { reapContainer } from './reap-container.ts';
import { recordedEnd } from './recorded-end.ts';
import { runtimeFor } from './runtime.ts';
import { type ContainerRecord, isActive } from './state/container-record.ts';
import { containerById, findContainer } from './state/container-store.ts';

export interface WaitOptions {
  readonly condition?: 'not-running' | 'next-exit' | 'removed';
  readonly signal?: AbortSignal;
}

/** Other processes change the row; there is no daemon to ask for a call. */
const interval = 100;

export async function waitContainer(
  services: EngineServices,
  reference: string,
  { condition = 'not-running', signal: given }: WaitOptions = {},
): Promise<ExitStatus> {
  const record = findContainer(services.database, reference);
  const signal = given === undefined ? services.signal : AbortSignal.any([given, services.signal]);
  if (condition === 'not-running') return await waitForExit(services, record, signal);
  if (condition === 'next-exit')
    return await waitForExit(services, await nextRun(services, record, signal), signal);
  let last = recorded(record);
  for (let now = record as ContainerRecord | undefined; now !== undefined; ) {
    if (isActive(now)) last = await waitForExit(services, now, signal);
    else await pause(signal);
    now = containerById(services.database, record.id);
  }
  return last;
}

async function waitForExit(
  services: EngineServices,
  record: ContainerRecord,
  signal: AbortSignal,
): Promise<ExitStatus> {
  if (!isActive(record) || record.process === undefined) return recorded(record);
  const runtime = await runtimeFor(services, record.config.runtime);
  const status = await runtime.wait(record.process, signal);
  await reapContainer(services, record.id, record.process);
  return status.lost ? (recordedEnd(services, record.id) ?? status) : status;
}

async function nextRun(
  services: EngineServices,
  record: ContainerRecord,
  signal: AbortSignal,
): Promise<ContainerRecord> {
  for (let now: ContainerRecord | undefined = record; ; ) {
    if (now === undefined)
      throw new StrataError('not-found', 'CONTAINER_NOT_FOUND', `Container ${record.name} was removed`);
    if (isActive(now) || now.started?.getTime() !== record.started?.getTime()) return now;
    await pause(signal);
    now = containerById(services.database, record.id);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await delay(interval, undefined, { signal }).catch(() => {
    throw new StrataError('aborted', 'WAIT_ABORTED', 'Waiting was cancelled');
  });
}

function recorded(record: ContainerRecord): ExitStatus {
  return {
    code: record.exitCode ?? 0,
    at: record.finished ?? new Date(),
    oomKilled: record.oomKilled,
    lost: record.exitCode === 255 && record.error !== undefined,
  };
}
