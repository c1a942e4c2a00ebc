import { Code, ConnectError } from '@connectrpc/connect';
import { type ErrorKind, isStrataError, StrataError } from '@strata/core';

/** containerd reads the code (errdefs `FromGRPC`); people read the message, in containerd's log and ctr's output. */
const codes: Readonly<Record<ErrorKind, Code>> = {
  'already-exists': Code.AlreadyExists,
  'not-found': Code.NotFound,
  'invalid-argument': Code.InvalidArgument,
  'failed-precondition': Code.FailedPrecondition,
  unsupported: Code.Unimplemented,
  unavailable: Code.Unavailable,
  'data-loss': Code.DataLoss,
  'permission-denied': Code.PermissionDenied,
  'resource-exhausted': Code.ResourceExhausted,
  aborted: Code.Canceled,
  internal: Code.Internal,
};

/** Trailer with the stable code of a StrataError. */
const CODE_TRAILER = 'strata-code';

export function toGrpc(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (!isStrataError(error)) {
    const cancelled = error instanceof Error && error.name === 'AbortError';
    const message = error instanceof Error ? error.message : String(error);
    return new ConnectError(message, cancelled ? Code.Canceled : Code.Internal, undefined, undefined, error);
  }
  const message = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  return new ConnectError(message, codes[error.kind], { [CODE_TRAILER]: error.code }, undefined, error);
}

export const snapshotterErrors = {
  labelTooLong: (name: string) =>
    new StrataError(
      'invalid-argument',
      'LABEL_TOO_LONG',
      `Name and value of the label ${JSON.stringify(name.slice(0, 64))} have more than 4096 bytes`,
    ),
  filter: (filter: string, problem: string) =>
    new StrataError('invalid-argument', 'FILTER_INVALID', `Filter ${JSON.stringify(filter)}: ${problem}`),
  addressInUse: (address: string) =>
    new StrataError('failed-precondition', 'ADDRESS_IN_USE', `Another server answers at ${address}`, {
      hint: 'Stop it first, or give this one another --address',
    }),
  addressTaken: (address: string) =>
    new StrataError('failed-precondition', 'ADDRESS_TAKEN', `${address} exists and is not a socket`, {
      hint: 'Move it away, or give another --address',
    }),
  addressInvalid: (address: string, problem: string) =>
    new StrataError('invalid-argument', 'ADDRESS_INVALID', `${JSON.stringify(address)} ${problem}`, {
      hint: 'Give an absolute path like /run/strata/snapshotter/overlay.sock, or fd:// under systemd',
    }),
  directoryOpen: (directory: string) =>
    new StrataError(
      'permission-denied',
      'ADDRESS_DIRECTORY_OPEN',
      `Others than root may make files in ${directory}, so the socket would not be safe there`,
      { hint: 'Use a directory that only root may write to' },
    ),
  notActivated: () =>
    new StrataError('failed-precondition', 'SOCKET_NOT_PASSED', 'fd:// needs one socket passed by systemd', {
      hint: 'Start it from a .socket unit, or give a path as --address',
    }),
} as const;
