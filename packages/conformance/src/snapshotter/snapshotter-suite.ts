import type { ConformanceCase, SuiteTarget } from '../runner/case.ts';
import { stackCases } from '../stack/stack-cases.ts';
import { commitCases } from './commit-cases.ts';
import { infoCases } from './info-cases.ts';
import { keyCases } from './key-cases.ts';
import {
  SnapshotterContext,
  type SnapshotterSuiteTarget,
  type SnapshotterTraits,
} from './snapshotter-context.ts';

export type SnapshotterCase = ConformanceCase<SnapshotterContext, SnapshotterTraits>;

/** The state machine of containerd's Snapshotter, and the cases about trees over it. */
export const snapshotterCases: readonly SnapshotterCase[] = [
  ...keyCases,
  ...commitCases,
  ...infoCases,
  ...stackCases,
];

export function openSnapshotterContext(
  target: SnapshotterSuiteTarget,
): SuiteTarget<SnapshotterContext, SnapshotterTraits> {
  return {
    async open() {
      const { snapshotter, traits, dispose } = await target.create();
      const context = new SnapshotterContext(snapshotter, traits, target.host);
      return {
        context,
        traits,
        async close() {
          try {
            await context.close();
          } finally {
            await dispose();
          }
        },
      };
    },
  };
}
