/** The errors every layer driver throws, so that they read the same whatever the driver. */
import { errnoOf, isStrataError, StrataError } from '../errors/strata-error.ts';

export function layerNotFound(id: string): StrataError {
  return new StrataError('not-found', 'LAYER_NOT_FOUND', `no layer ${id} on disk`, {
    hint: 'strata check --repair reconciles the store with the disk',
    context: { layer: id },
  });
}

export function layerExists(id: string): StrataError {
  return new StrataError('already-exists', 'LAYER_EXISTS', `layer ${id} is already on disk`, {
    hint: 'strata check --repair reconciles the store with the disk',
    context: { layer: id },
  });
}

export function layerParentMissing(id: string, parent: string): StrataError {
  return new StrataError(
    'failed-precondition',
    'LAYER_PARENT_MISSING',
    `layer ${id} cannot be made: its parent ${parent} is not on disk`,
    {
      hint: 'strata check --repair finds what is missing; pulling the image again brings it back',
      context: { layer: id, parent },
    },
  );
}

export function layerSealed(id: string): StrataError {
  return new StrataError(
    'failed-precondition',
    'LAYER_SEALED',
    `layer ${id} is committed and cannot be written`,
    { context: { layer: id } },
  );
}

/** For long walks: stop with an `aborted` error once the caller has given up. */
export function stopIfAborted(signal: AbortSignal | undefined, id: string): void {
  if (!signal?.aborted) return;
  if (isStrataError(signal.reason)) throw signal.reason;
  throw new StrataError('aborted', 'ABORTED', `cancelled while looking at layer ${id}`, {
    cause: signal.reason,
  });
}

/** What a failed system call or command means for a layer; a {@link StrataError} that says more passes unchanged. */
export function layerFailure(error: unknown, id: string, action: string): StrataError {
  const text = error instanceof Error ? error.message : String(error);
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT' || /no space left|quota exceeded/i.test(text)) {
    return new StrataError(
      'resource-exhausted',
      'LAYER_NO_SPACE',
      `layer ${id}: no space left to ${action} it`,
      {
        hint: 'free some with strata rm, strata rmi or strata image prune',
        cause: error,
        context: { layer: id },
      },
    );
  }
  if (isStrataError(error)) return error;
  return new StrataError('internal', 'LAYER_FAILED', `layer ${id}: could not ${action} it: ${text}`, {
    cause: error,
    context: { layer: id },
  });
}
