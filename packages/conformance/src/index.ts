/** @module Suites that every Strata driver can run, as data. `@strata/conformance/vitest` runs them as tests. */
export { type Fault, type FaultHost, faultAt } from './layer/fault-host.ts';
export { LayerContext } from './layer/layer-context.ts';
export { type LayerCase, layerDriverCases, openLayerContext } from './layer/layer-suite.ts';
export { createDriver, type LayerSuiteTarget } from './layer/layer-target.ts';
export * from './runner/case.ts';
export { expectError } from './runner/expect-error.ts';
export type * from './snapshotter/snapshotter.ts';
export {
  SnapshotterContext,
  type SnapshotterSuiteTarget,
  type SnapshotterTraits,
} from './snapshotter/snapshotter-context.ts';
export {
  openSnapshotterContext,
  type SnapshotterCase,
  snapshotterCases,
} from './snapshotter/snapshotter-suite.ts';
export type * from './stack/layer-stack.ts';
export { type PathLike, TreeEditor } from './tree/tree-editor.ts';
export { assertSamePicture, type TreePicture, takePicture } from './tree/tree-picture.ts';
