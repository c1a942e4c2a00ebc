import { type AnyDriverDefinition, isStrataError, type ProbeResult, StrataError } from '@strata/core';

const PROBE_TIMEOUT = 10_000;
const CREATE_TIMEOUT = 30_000;

/** Ask the driver; throwing, hanging or answering nonsense is a "no" with that reason. */
export async function guardedProbe(
  definition: AnyDriverDefinition,
  call: () => Promise<ProbeResult>,
): Promise<ProbeResult> {
  try {
    const result = await within(PROBE_TIMEOUT, call);
    if (typeof result?.supported === 'boolean') return result;
    return broken(definition, 'its probe returned no answer');
  } catch (error) {
    return broken(definition, `its probe failed: ${messageOf(error)}`);
  }
}

/** @throws internal `DRIVER_FAILED`, or the driver's own StrataError */
export async function guardedCreate<T>(
  definition: AnyDriverDefinition,
  call: () => T | Promise<T>,
): Promise<T> {
  try {
    return await within(CREATE_TIMEOUT, async () => call());
  } catch (error) {
    if (isStrataError(error)) throw error;
    throw new StrataError(
      'internal',
      'DRIVER_FAILED',
      `The ${definition.kind} driver ${definition.id} could not start: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

async function within<T>(milliseconds: number, call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([call(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function broken(definition: AnyDriverDefinition, reason: string): ProbeResult {
  return {
    supported: false,
    reason: `The ${definition.kind} driver ${definition.id} is broken: ${reason}`,
    hint: 'Report it to the author of the driver',
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
