/** @module Suites that every Strata driver can run, as data. `@strata/conformance/vitest` runs them as tests. */
export {
  type CgroupCase,
  CgroupContext,
  type CgroupSuiteTarget,
  openCgroupContext,
} from './cgroup/cgroup-context.ts';
export { cgroupDriverCases } from './cgroup/cgroup-suite.ts';
export type { DriverSuiteTarget } from './driver/driver-target.ts';
export {
  type ImageCase,
  ImageContext,
  type ImageSuiteTarget,
  type ImageTraits,
  openImageContext,
} from './image/image-context.ts';
export { imageStoreCases } from './image/image-suite.ts';
export { type Fault, type FaultHost, faultAt } from './layer/fault-host.ts';
export { LayerContext } from './layer/layer-context.ts';
export { type LayerCase, layerDriverCases, openLayerContext } from './layer/layer-suite.ts';
export { createDriver, type LayerSuiteTarget } from './layer/layer-target.ts';
export * from './runner/case.ts';
export { expectError } from './runner/expect-error.ts';
export {
  createTestFilesystem,
  type TestFilesystem,
  type TestFilesystemOptions,
  type TestFilesystemType,
  testFilesystems,
} from './runner/test-filesystem.ts';
export {
  openRuntimeContext,
  type RuntimeCase,
  RuntimeContext,
  type RuntimeSuiteTarget,
  type RuntimeTraits,
} from './runtime/runtime-context.ts';
export { runtimeDriverCases } from './runtime/runtime-suite.ts';
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
