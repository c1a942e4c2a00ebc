/** A correct snapshotter passes every case; one with a fault fails the case that names it. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Files } from '@strata/core';
import { createHost } from '@strata/host';
import { createLoopFilesystem } from '@strata/test-fixtures';
import { afterAll, describe, expect, test } from 'vitest';
import {
  openSnapshotterContext,
  runCase,
  type SnapshotterSuiteTarget,
  snapshotterCases,
} from '../src/index.ts';
import { snapshotterSuite } from '../src/vitest.ts';
import { MemorySnapshotter } from './memory-snapshotter.ts';

const filesystem = await createLoopFilesystem({ type: 'tmpfs', size: 1024 ** 3 });
afterAll(() => filesystem.dispose());
const host = createHost();
const traits = {
  directoryRename: true,
  stableInodes: true,
  independentUnpack: false,
  maxDepth: Number.MAX_SAFE_INTEGER,
};

type Snapshotters = new (root: string, files: Files) => MemorySnapshotter;

function target(name: string, Snapshotter: Snapshotters): SnapshotterSuiteTarget {
  return {
    name,
    host,
    async create() {
      const root = mkdtempSync(`${filesystem.directory}/root-`);
      const dispose = async () => rmSync(root, { recursive: true });
      return { snapshotter: new Snapshotter(root, host.files), traits, dispose };
    },
  };
}

snapshotterSuite(target('in memory', MemorySnapshotter));

const broken: Readonly<Record<string, readonly [caughtBy: string, Snapshotter: Snapshotters]>> = {
  'inherits labels at commit': [
    'containerd/StatCommitted',
    class extends MemorySnapshotter {
      override async commit(...[name, key, options]: Parameters<MemorySnapshotter['commit']>) {
        const { labels } = await this.stat(key).catch(() => ({ labels: {} }));
        await super.commit(name, key, { ...options, labels: { ...labels, ...options?.labels } });
      }
    },
  ],
  'keeps the key after commit': [
    'containerd/Basic',
    class extends MemorySnapshotter {
      override async commit(...[name, key, options]: Parameters<MemorySnapshotter['commit']>) {
        const entry = this.find(key);
        await super.commit(name, key, options);
        this.entries.set(key, entry);
      }
    },
  ],
  'removes a parent': [
    'containerd/RemoveIntermediateSnapshot',
    class extends MemorySnapshotter {
      override async remove(key: string) {
        this.find(key);
        this.entries.delete(key);
      }
    },
  ],
  'replaces a key in use': [
    'containerd/PrepareViewFailing',
    class extends MemorySnapshotter {
      override async prepare(...args: Parameters<MemorySnapshotter['prepare']>) {
        this.entries.delete(args[0]);
        return super.prepare(...args);
      }
    },
  ],
  'stacks on an active one': [
    'containerd/CreateActiveFromActive',
    class extends MemorySnapshotter {
      override async prepare(...[key, parent, options]: Parameters<MemorySnapshotter['prepare']>) {
        if (parent !== undefined && this.find(parent).info.kind !== 'committed') return super.prepare(key);
        return super.prepare(key, parent, options);
      }
    },
  ],
  'commits a view': [
    'containerd/CommitViewFails',
    class extends MemorySnapshotter {
      override async commit(...args: Parameters<MemorySnapshotter['commit']>) {
        const entry = this.find(args[1]);
        this.entries.set(args[1], { ...entry, info: { ...entry.info, kind: 'active' } });
        await super.commit(...args);
      }
    },
  ],
  'gives writable views': [
    'containerd/ViewReadonly (through the store)',
    class extends MemorySnapshotter {
      override async mounts(key: string) {
        return (await super.mounts(key)).map((mount) => ({ ...mount, options: ['bind', 'rw'] }));
      }
    },
  ],
  'mounts committed ones': [
    'containerd/MountsOfCommitted',
    class extends MemorySnapshotter {
      override async mounts(key: string) {
        const source = this.find(key).directory;
        return [{ type: 'bind', source, options: ['bind', 'rw'] }];
      }
    },
  ],
  'updates anything': [
    'containerd/Update',
    class extends MemorySnapshotter {
      override update(info: Parameters<MemorySnapshotter['update']>[0]) {
        return super.update(info);
      }
    },
  ],
  'walks without filters': [
    'containerd/Walk',
    class extends MemorySnapshotter {
      override walk() {
        return super.walk();
      }
    },
  ],
  'throws bare errors': [
    'containerd/GetInfoNotExist',
    class extends MemorySnapshotter {
      override async stat(key: string) {
        if (!this.entries.has(key)) throw new Error('not found');
        return super.stat(key);
      }
    },
  ],
};

describe('a snapshotter that', () => {
  test.for(Object.entries(broken))(
    '%s fails the case that says so',
    async ([fault, [caughtBy, Snapshotter]]) => {
      const found = snapshotterCases.find(({ name }) => name === caughtBy);
      expect(found, caughtBy).toBeDefined();
      const result = await runCase(openSnapshotterContext(target(fault, Snapshotter)), found!);
      expect(result.outcome).toBe('failed');
    },
  );
});
