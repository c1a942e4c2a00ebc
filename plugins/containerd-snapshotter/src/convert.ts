import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Mount } from '@strata/core';
import { type Info, InfoSchema, Kind } from '../gen/containerd/services/snapshots/v1/snapshots_pb.js';
import { type Mount as MountMessage, MountSchema } from '../gen/containerd/types/mount_pb.js';
import { snapshotterErrors } from './errors.ts';
import type { Labels, SnapshotInfo } from './snapshotter.ts';

const kinds = { active: Kind.ACTIVE, view: Kind.VIEW, committed: Kind.COMMITTED } as const;

export function infoMessage(info: SnapshotInfo): Info {
  return create(InfoSchema, {
    name: info.name,
    parent: info.parent ?? '',
    kind: kinds[info.kind],
    createdAt: timestampFromDate(info.created),
    updatedAt: timestampFromDate(info.updated),
    labels: info.labels,
  });
}

/**
 * A long list of lower directories is no problem there: containerd changes into their common directory before it mounts
 * (`mount_linux.go`).
 */
export function mountMessages(mounts: readonly Mount[]): MountMessage[] {
  return mounts.map(({ type, source, target, options }) =>
    create(MountSchema, { type, source, target: target ?? '', options: [...options] }),
  );
}

/** containerd's limit for a label (`pkg/labels/validate.go`), in bytes of name and value together. */
const LABEL_BYTES = 4096;

export function checkedLabels(labels: Labels): Labels {
  for (const [name, value] of Object.entries(labels)) {
    if (Buffer.byteLength(name) + Buffer.byteLength(value) > LABEL_BYTES)
      throw snapshotterErrors.labelTooLong(name);
  }
  return labels;
}
