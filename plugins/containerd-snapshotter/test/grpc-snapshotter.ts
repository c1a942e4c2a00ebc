/** A client of the service with the interface of the conformance suite: what containerd's proxy is to containerd. */
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';
import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { SnapshotFilter, SnapshotInfo, SnapshotterUnderTest } from '@strata/conformance';
import { type ErrorKind, type Mount, StrataError } from '@strata/core';
import { type Info, Kind, Snapshots } from '../gen/containerd/services/snapshots/v1/snapshots_pb.js';
import type { Mount as MountMessage } from '../gen/containerd/types/mount_pb.js';

export function rawClient(address: string): Client<typeof Snapshots> {
  const transport = createGrpcTransport({
    baseUrl: 'http://localhost',
    nodeOptions: { createConnection: () => connect(address) },
  });
  return createClient(Snapshots, transport);
}

export class GrpcSnapshotter implements SnapshotterUnderTest {
  readonly #client: Client<typeof Snapshots>;

  constructor(client: Client<typeof Snapshots>) {
    this.#client = client;
  }

  async prepare(...[key, parent = '', { labels = {} } = {}]: Parameters<SnapshotterUnderTest['prepare']>) {
    return mountsOf(await told(this.#client.prepare({ snapshotter: 'x', key, parent, labels })));
  }

  async view(...[key, parent = '', { labels = {} } = {}]: Parameters<SnapshotterUnderTest['view']>) {
    return mountsOf(await told(this.#client.view({ snapshotter: 'x', key, parent, labels })));
  }

  async mounts(key: string) {
    return mountsOf(await told(this.#client.mounts({ key })));
  }

  async commit(...[name, key, options = {}]: Parameters<SnapshotterUnderTest['commit']>) {
    const { labels = {}, parent = '' } = options;
    await told(this.#client.commit({ name, key, labels, parent }));
  }

  async remove(key: string) {
    await told(this.#client.remove({ key }));
  }

  async stat(key: string) {
    return infoOf((await told(this.#client.stat({ key }))).info);
  }

  async update(...[info, ...paths]: Parameters<SnapshotterUnderTest['update']>) {
    const { name, labels = {} } = info;
    return infoOf((await told(this.#client.update({ info: { name, labels }, updateMask: { paths } }))).info);
  }

  async usage(key: string, signal?: AbortSignal) {
    const call = this.#client.usage({ key }, signal === undefined ? {} : { signal });
    const { size, inodes } = await told(call);
    return { bytes: Number(size), inodes: Number(inodes) };
  }

  async *walk(...filters: readonly SnapshotFilter[]) {
    for await (const { info } of this.#client.list({ filters: filters.map(filterText) }))
      yield* info.map(infoOf);
  }

  /** As containerd's proxy: there is nothing to close on this side. */
  async close() {}
}

function filterText({ name, parent, kind, labels = {} }: SnapshotFilter): string {
  return [
    ...(name === undefined ? [] : [`name==${JSON.stringify(name)}`]),
    ...(parent === undefined ? [] : [`parent==${JSON.stringify(parent ?? '')}`]),
    ...(kind === undefined ? [] : [`kind==${kind}`]),
    ...Object.entries(labels).map(([label, value]) => {
      const field = `labels.${JSON.stringify(label)}`;
      return value === true ? field : `${field}==${JSON.stringify(value)}`;
    }),
  ].join(',');
}

const kinds = new Map([
  [Kind.ACTIVE, 'active'],
  [Kind.VIEW, 'view'],
  [Kind.COMMITTED, 'committed'],
] as const);

function infoOf(info: Info | undefined): SnapshotInfo {
  if (info === undefined) throw new Error('no info in the answer');
  const { name, parent, labels } = info;
  const kind = kinds.get(info.kind as 1 | 2 | 3);
  if (kind === undefined) throw new Error(`kind ${info.kind}`);
  const date = (at: Timestamp | undefined) => timestampDate(at!);
  return {
    name,
    kind,
    parent: parent === '' ? undefined : parent,
    labels,
    created: date(info.createdAt),
    updated: date(info.updatedAt),
  };
}

function mountsOf({ mounts }: { readonly mounts: readonly MountMessage[] }): Mount[] {
  return mounts.map(({ type, source, target, options }) => ({
    ...compacted({ type, source, options }),
    ...(target === '' ? {} : { target }),
  }));
}

/** What containerd does before it mounts (`compactLowerdirOption` of `core/mount/mount_linux.go`). */
function compacted(mount: Mount): Mount {
  const lower = mount.options.find((option) => option.startsWith('lowerdir='));
  if (mount.type !== 'overlay' || lower === undefined || mount.options.join().length < 4096 - 512)
    return mount;
  const paths = lower.slice('lowerdir='.length).split(':');
  const base = dirname(commonPrefix(paths));
  if (base === '/') return mount;
  const short = `lowerdir=${paths.map((path) => path.slice(base.length + 1)).join(':')}`;
  return { ...mount, base, options: mount.options.map((option) => (option === lower ? short : option)) };
}

function commonPrefix([first = '', ...others]: readonly string[]): string {
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}

const errors = new Map<Code, ErrorKind>([
  [Code.AlreadyExists, 'already-exists'],
  [Code.NotFound, 'not-found'],
  [Code.InvalidArgument, 'invalid-argument'],
  [Code.FailedPrecondition, 'failed-precondition'],
  [Code.Unimplemented, 'unsupported'],
  [Code.Canceled, 'aborted'],
]);

async function told<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const kind = error instanceof ConnectError ? errors.get(error.code) : undefined;
    if (!(error instanceof ConnectError) || kind === undefined) throw error;
    const code = error.metadata.get('strata-code') ?? 'NONE';
    throw new StrataError(kind, code, error.rawMessage, { cause: error });
  }
}
