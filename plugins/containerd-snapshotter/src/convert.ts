import { isAbsolute, resolve } from 'node:path';
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

export function mountMessages(mounts: readonly Mount[]): MountMessage[] {
  return mounts.map((mount) => {
    const { type, source, target, options } = absolute(mount);
    return create(MountSchema, { type, source, target: target ?? '', options: [...options] });
  });
}

/** Options of overlayfs whose values are paths (Linux Documentation/filesystems/overlayfs.rst). */
const PATHS = /^(lowerdir|upperdir|workdir|datadir)=(.*)$/s;

/**
 * containerd's mounts have no base directory, so relative paths become absolute. A long list of lower directories is
 * no problem there: containerd changes into their common directory before it mounts (`mount_linux.go`).
 */
function absolute({ base, ...mount }: Mount): Mount {
  if (base === undefined) return mount;
  if (!isAbsolute(base)) throw snapshotterErrors.mountsBuildOnEachOther();
  return {
    ...mount,
    source: isPath(mount) ? resolve(base, mount.source) : mount.source,
    options: mount.options.map((option) => {
      const [, name, paths] = PATHS.exec(option) ?? [];
      if (name === undefined || paths === undefined) return option;
      // An empty one is the other half of `::`, which separates data-only lowers.
      const all = paths.split(':').map((path) => (path === '' ? '' : resolve(base, path)));
      return `${name}=${all.join(':')}`;
    }),
  };
}

/** Of a filesystem without a device the source is only a name. */
function isPath({ type, source, options }: Mount): boolean {
  return source.includes('/') || type === 'bind' || options.includes('loop');
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
