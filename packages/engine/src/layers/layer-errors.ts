/** The four errors of containerd's Snapshotter (core/snapshots/storage/bolt.go) and what goes with them. */
import { StrataError } from '@strata/core';

export const layerErrors = {
  exists: (key: string) => new StrataError('already-exists', 'LAYER_EXISTS', `Layer ${key} already exists`),
  notFound: (key: string) => new StrataError('not-found', 'LAYER_NOT_FOUND', `Layer ${key} does not exist`),
  parentMissing: (key: string) =>
    new StrataError('not-found', 'LAYER_PARENT_NOT_FOUND', `Parent layer ${key} does not exist`),
  parentNotCommitted: (key: string) =>
    new StrataError('invalid-argument', 'LAYER_PARENT_NOT_COMMITTED', `Parent layer ${key} is not committed`),
  rebaseNotCommitted: (key: string) =>
    new StrataError(
      'failed-precondition',
      'LAYER_PARENT_NOT_COMMITTED',
      `Parent layer ${key} is not committed`,
    ),
  parentChange: (key: string) =>
    new StrataError('invalid-argument', 'LAYER_PARENT_FIXED', `Layer ${key} already has another parent`),
  rebaseUnsupported: (key: string, driver: string) =>
    new StrataError(
      'invalid-argument',
      'LAYER_PARENT_FIXED',
      `Layer ${key} was made without a parent and driver ${driver} cannot give it one`,
    ),
  emptyName: () => new StrataError('invalid-argument', 'LAYER_NAME_EMPTY', 'A layer needs a name'),
  noMounts: (key: string) =>
    new StrataError('failed-precondition', 'LAYER_COMMITTED', `Layer ${key} is committed and has no mounts`),
  notActive: (key: string, kind: string) =>
    new StrataError('failed-precondition', 'LAYER_NOT_ACTIVE', `Layer ${key} is ${kind}, not active`),
  hasChild: (key: string) =>
    new StrataError('failed-precondition', 'LAYER_IN_USE', `Cannot remove layer ${key}: it has a child`),
  busy: (key: string) =>
    new StrataError(
      'failed-precondition',
      'LAYER_BUSY',
      `Layer ${key} is being committed by another process`,
    ),
  immutable: (path: string) =>
    new StrataError(
      'invalid-argument',
      'LAYER_FIELD_IMMUTABLE',
      `Field ${path} of a layer cannot be changed`,
    ),
  tooDeep: (driver: string, depth: number, maximum: number) =>
    new StrataError(
      'failed-precondition',
      'LAYER_STACK_TOO_DEEP',
      `A stack of ${depth} layers is more than driver ${driver} can mount (${maximum})`,
      { hint: 'Use another driver with --storage' },
    ),
} as const;
