/** A snapshotter as small as the contract allows: a map, and plain copies of directories. The suite's own guinea pig. */
import { mkdirSync, rmSync } from 'node:fs';
import { type ErrorKind, type Files, type Mount, StrataError } from '@strata/core';
import type {
  CommitOptions,
  SnapshotFilter,
  SnapshotInfo,
  SnapshotKind,
  SnapshotLabels,
  SnapshotOptions,
  SnapshotterUnderTest,
} from '../src/index.ts';

interface Entry {
  readonly info: SnapshotInfo;
  readonly directory: string;
  readonly bytes: number;
}

export function refuse(kind: ErrorKind, message: string): StrataError {
  return new StrataError(kind, 'REFUSED', message);
}

export class MemorySnapshotter implements SnapshotterUnderTest {
  protected readonly entries = new Map<string, Entry>();
  readonly #root: string;
  readonly #files: Files;
  #count = 0;

  constructor(root: string, files: Files) {
    this.#root = root;
    this.#files = files;
  }

  prepare(key: string, parent?: string, options: SnapshotOptions = {}): Promise<readonly Mount[]> {
    return this.#create('active', key, parent, options);
  }

  view(key: string, parent?: string, options: SnapshotOptions = {}): Promise<readonly Mount[]> {
    return this.#create('view', key, parent, options);
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    const { info, directory } = this.find(key);
    if (info.kind === 'committed') throw refuse('failed-precondition', `${key} is committed`);
    const access = info.kind === 'view' ? 'ro' : 'rw';
    return [{ type: 'bind', source: directory, options: ['bind', access] }];
  }

  async commit(name: string, key: string, { labels = {}, parent }: CommitOptions = {}): Promise<void> {
    const entry = this.find(key);
    if (name === '') throw refuse('invalid-argument', 'a name is needed');
    if (entry.info.kind !== 'active') throw refuse('failed-precondition', `${key} is not active`);
    if (this.entries.has(name)) throw refuse('already-exists', name);
    if (parent !== undefined) throw refuse('unsupported', 'copies cannot be rebased');
    const { bytes } = await this.#files.usage(entry.directory);
    const now = new Date();
    const info = { ...entry.info, name, kind: 'committed' as const, labels, created: now, updated: now };
    this.entries.delete(key);
    this.entries.set(name, { ...entry, info, bytes });
  }

  async remove(key: string): Promise<void> {
    const { directory } = this.find(key);
    for (const { info } of this.entries.values()) {
      if (info.parent === key) throw refuse('failed-precondition', `cannot remove ${key}, it has a child`);
    }
    this.entries.delete(key);
    rmSync(directory, { recursive: true });
  }

  async stat(key: string): Promise<SnapshotInfo> {
    return this.find(key).info;
  }

  async update(
    { name, labels = {} }: { readonly name: string; readonly labels?: SnapshotLabels },
    ...fieldpaths: readonly string[]
  ): Promise<SnapshotInfo> {
    const entry = this.find(name);
    let next: Record<string, string> = { ...entry.info.labels };
    for (const path of fieldpaths.length === 0 ? ['labels'] : fieldpaths) {
      const label = path.startsWith('labels.') ? path.slice('labels.'.length) : undefined;
      if (path === 'labels') next = { ...labels };
      else if (label === undefined) throw refuse('invalid-argument', `${path} cannot be changed`);
      else if (labels[label]) next[label] = labels[label];
      else delete next[label];
    }
    const info = { ...entry.info, labels: next, updated: new Date() };
    this.entries.set(name, { ...entry, info });
    return info;
  }

  async usage(key: string) {
    const { info, directory, bytes } = this.find(key);
    if (info.kind === 'view') return { bytes: 0, inodes: 0 };
    return info.kind === 'committed' ? { bytes, inodes: 1 } : this.#files.usage(directory);
  }

  async *walk(...filters: readonly SnapshotFilter[]): AsyncGenerator<SnapshotInfo> {
    for (const { info } of [...this.entries.values()]) {
      if (filters.length === 0 || filters.some((filter) => matches(info, filter))) yield info;
    }
  }

  async close(): Promise<void> {}

  protected find(key: string): Entry {
    const entry = this.entries.get(key);
    if (entry === undefined) throw refuse('not-found', `no snapshot ${key}`);
    return entry;
  }

  async #create(
    kind: SnapshotKind,
    key: string,
    parent: string | undefined,
    { labels = {} }: SnapshotOptions,
  ) {
    if (key === '') throw refuse('invalid-argument', 'a key is needed');
    if (this.entries.has(key)) throw refuse('already-exists', key);
    const below = parent === undefined ? undefined : this.find(parent);
    if (below && below.info.kind !== 'committed')
      throw refuse('invalid-argument', `${parent} is not committed`);
    this.#count += 1;
    const directory = `${this.#root}/${this.#count}`;
    const created = new Date();
    const info = { name: key, kind, parent, labels, created, updated: created };
    this.entries.set(key, { info, directory, bytes: 0 });
    mkdirSync(directory, { mode: 0o755 });
    if (below) await this.#files.copyTree(below.directory, directory);
    return this.mounts(key);
  }
}

function matches(info: SnapshotInfo, filter: SnapshotFilter): boolean {
  if (filter.name !== undefined && filter.name !== info.name) return false;
  if (filter.kind !== undefined && filter.kind !== info.kind) return false;
  if (filter.parent !== undefined && (filter.parent ?? undefined) !== info.parent) return false;
  return Object.entries(filter.labels ?? {}).every(([name, value]) =>
    value === true ? Object.hasOwn(info.labels, name) : info.labels[name] === value,
  );
}
