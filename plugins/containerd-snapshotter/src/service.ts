/** The ten calls of `containerd.services.snapshots.v1.Snapshots`, each one line of a {@link Snapshotter}. */
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import type {
  Info,
  ListSnapshotsRequest,
  Snapshots,
} from '../gen/containerd/services/snapshots/v1/snapshots_pb.js';
import { checkedLabels, infoMessage, mountMessages } from './convert.ts';
import { toGrpc } from './errors.ts';
import { parseFilters } from './filters.ts';
import type { SnapshotInfo, Snapshotter } from './snapshotter.ts';

/** As containerd's own service (`contrib/snapshotservice/service.go`). */
const BATCH = 100;

export function snapshotsService(snapshotter: Snapshotter): ServiceImpl<typeof Snapshots> {
  return {
    async prepare({ key, parent, labels }) {
      const mounts = await snapshotter.prepare(key, parent, { labels: checkedLabels(labels) });
      return { mounts: mountMessages(mounts) };
    },
    async view({ key, parent, labels }) {
      const mounts = await snapshotter.view(key, parent, { labels: checkedLabels(labels) });
      return { mounts: mountMessages(mounts) };
    },
    async mounts({ key }) {
      return { mounts: mountMessages(await snapshotter.mounts(key)) };
    },
    async commit({ name, key, labels, parent }) {
      await snapshotter.commit(name, key, { labels: checkedLabels(labels), parent });
      return {};
    },
    async remove({ key }) {
      await snapshotter.remove(key);
      return {};
    },
    async stat({ key }) {
      return { info: infoMessage(await snapshotter.stat(key)) };
    },
    async update({ info, updateMask }) {
      const change = { name: info?.name ?? '', labels: checkedLabels(info?.labels ?? {}) };
      return { info: infoMessage(await snapshotter.update(change, ...(updateMask?.paths ?? []))) };
    },
    list: (request) => list(snapshotter, request),
    async usage({ key }, { signal }: HandlerContext) {
      const { bytes, inodes } = await snapshotter.usage(key, signal);
      return { size: BigInt(bytes), inodes: BigInt(inodes) };
    },
    async cleanup() {
      if (snapshotter.cleanup === undefined)
        throw new ConnectError('There is nothing to clean up', Code.Unimplemented);
      await snapshotter.cleanup();
      return {};
    },
  };
}

async function* list(
  snapshotter: Snapshotter,
  { filters }: ListSnapshotsRequest,
): AsyncGenerator<{ info: Info[] }> {
  try {
    const matches: (info: SnapshotInfo) => boolean = parseFilters(filters);
    let info: Info[] = [];
    for await (const each of snapshotter.walk()) {
      if (!matches(each)) continue;
      info.push(infoMessage(each));
      if (info.length < BATCH) continue;
      yield { info };
      info = [];
    }
    if (info.length > 0) yield { info };
  } catch (error) {
    // The interceptor has seen the call off by now.
    throw toGrpc(error);
  }
}
