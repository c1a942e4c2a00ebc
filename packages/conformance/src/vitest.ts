/** The suites as vitest tests. `@strata/conformance` itself has the cases as data and needs no vitest. */
import { describe, test } from 'vitest';
import { type CgroupSuiteTarget, openCgroupContext } from './cgroup/cgroup-context.ts';
import { cgroupDriverCases } from './cgroup/cgroup-suite.ts';
import { type ImageSuiteTarget, openImageContext } from './image/image-context.ts';
import { imageStoreCases } from './image/image-suite.ts';
import { layerDriverCases, openLayerContext } from './layer/layer-suite.ts';
import type { LayerSuiteTarget } from './layer/layer-target.ts';
import { type ConformanceCase, runCase, type SuiteTarget } from './runner/case.ts';
import { openRuntimeContext, type RuntimeSuiteTarget } from './runtime/runtime-context.ts';
import { runtimeDriverCases } from './runtime/runtime-suite.ts';
import type { SnapshotterSuiteTarget } from './snapshotter/snapshotter-context.ts';
import { openSnapshotterContext, snapshotterCases } from './snapshotter/snapshotter-suite.ts';

/** Every case of the LayerDriver contract, as tests of the current file. */
export function layerDriverSuite(target: LayerSuiteTarget): void {
  register(`LayerDriver ${target.definition.id}`, openLayerContext(target), layerDriverCases);
}

/** Every case of the ImageStore contract, as tests of the current file. */
export function imageStoreSuite(target: ImageSuiteTarget): void {
  register(`ImageStore ${target.definition.id}`, openImageContext(target), imageStoreCases);
}

/** Every case of the CgroupDriver contract, as tests of the current file. */
export function cgroupDriverSuite(target: CgroupSuiteTarget): void {
  register(`CgroupDriver ${target.definition.id}`, openCgroupContext(target), cgroupDriverCases);
}

/** Every case of the RuntimeDriver contract, as tests of the current file. */
export function runtimeDriverSuite(target: RuntimeSuiteTarget): void {
  register(`RuntimeDriver ${target.definition.id}`, openRuntimeContext(target), runtimeDriverCases);
}

/** A case that is excluded shows as skipped, with the reason. */
export function register<Context, Traits>(
  name: string,
  target: SuiteTarget<Context, Traits>,
  cases: readonly ConformanceCase<Context, Traits>[],
): void {
  describe(name, () => {
    for (const each of cases) {
      test(each.name, async ({ skip }) => {
        const result = await runCase(target, each);
        if (result.outcome === 'failed') throw result.error;
        if (result.outcome === 'excluded') {
          process.stdout.write(`excluded: ${name} > ${each.name}: ${result.reason}\n`);
          skip(result.reason);
        }
      });
    }
  });
}

/** The semantics of containerd's Snapshotter, as tests of the current file. */
export function snapshotterSuite(target: SnapshotterSuiteTarget): void {
  register(`Snapshotter ${target.name}`, openSnapshotterContext(target), snapshotterCases);
}
