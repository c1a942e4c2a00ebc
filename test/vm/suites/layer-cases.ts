import { mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CaseResult,
  createTestFilesystem,
  layerDriverCases,
  openLayerContext,
  runCases,
  type TestFilesystemType,
} from '@strata/conformance';
import type { DriverDefinition } from '@strata/core';
import { createHost } from '@strata/host';
import type { VmCases } from './index.ts';

/** Hundreds of mounts, and about a minute each under emulation. The drivers' own tests run them on any machine. */
const SLOW =
  /^(?:containerd\/128LayersMount|graphtest\/DeepLayerRead|strata\/WritingToAChildChangesNoOther)$/;

/** The LayerDriver contract on this kernel's filesystems. */
export function layerCases(
  // biome-ignore lint/suspicious/noExplicitAny: a suite takes drivers with any options
  definition: DriverDefinition<'layer', any>,
  type: TestFilesystemType,
): VmCases {
  return async function* (): AsyncGenerator<CaseResult> {
    const host = createHost();
    await using filesystem = await createTestFilesystem(host, { type, size: 2 * 1024 ** 3 });
    const createRoot = async () => {
      const root = await mkdtemp(join(filesystem.directory, 'root-'));
      return { root, dispose: () => rmdir(root) };
    };
    for (const { name } of layerDriverCases.filter((each) => SLOW.test(each.name)))
      yield {
        name,
        outcome: 'excluded',
        reason: 'a minute under emulation; the drivers test it by themselves',
      };
    const quick = layerDriverCases.filter(({ name }) => !SLOW.test(name));
    const context = openLayerContext({ definition, host, createRoot });
    yield* runCases(context, quick, { milliseconds: 120_000 });
  };
}
