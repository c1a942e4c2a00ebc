import { isStrataError } from '@strata/core';
import type { ClientContext } from './client.ts';
import { throwIfCancelled } from './retry.ts';
import type { Source } from './sources.ts';

interface Attempts<T> {
  readonly sources: readonly Source[];
  readonly signal?: AbortSignal | undefined;
  readonly action: (context: ClientContext, source: Source) => Promise<T>;
}

/**
 * Ask each source until one delivers. A mirror gets one attempt, and is left alone for a while after it could not be
 * reached; what a mirror lacks or refuses is asked of the next. The last source decides.
 */
export async function trySources<T>(
  context: ClientContext,
  { sources, signal, action }: Attempts<T>,
): Promise<T> {
  const origin = sources.at(-1)!;
  for (const source of sources.slice(0, -1)) {
    if ((context.dead.get(source.host) ?? 0) > Date.now()) continue;
    try {
      const result = await action({ ...context, retry: { ...context.retry, attempts: 1 } }, source);
      if (result !== undefined || source === origin) return result;
    } catch (error) {
      throwIfCancelled(signal);
      if (!isRegistryFailure(error)) throw error;
      if (isStrataError(error, 'REGISTRY_UNREACHABLE'))
        context.dead.set(source.host, Date.now() + context.timeouts.deadSource);
      context.onRetry?.({ what: source.host, reason: error.message, delay: 0 });
    }
  }
  return await action(context, origin);
}

/** Not ours (a full disk): what another source may not have. */
function isRegistryFailure(error: unknown): error is Error {
  return (
    isStrataError(error) &&
    error.kind !== 'resource-exhausted' &&
    error.kind !== 'aborted' &&
    error.kind !== 'internal'
  );
}
