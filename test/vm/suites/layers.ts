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
import btrfs from '@strata/driver-layer-btrfs';
import overlay from '@strata/driver-layer-overlay';
import { createHost } from '@strata/host';
import type { VmSuite } from './index.ts';

/** The LayerDriver contract on this kernel's filesystems. */
// biome-ignore lint/suspicious/noExplicitAny: a suite takes drivers with any options
function layerSuite(definition: DriverDefinition<'layer', any>, type: TestFilesystemType): VmSuite {
  async function* cases(): AsyncGenerator<CaseResult> {
    const host = createHost();
    await using filesystem = await createTestFilesystem(host, { type, size: 2 * 1024 ** 3 });
    const createRoot = async () => {
      const root = await mkdtemp(join(filesystem.directory, 'root-'));
      return { root, dispose: () => rmdir(root) };
    };
    yield* runCases(openLayerContext({ definition, host, createRoot }), layerDriverCases, { milliseconds: 120_000 });
  }
  return { name: `layer-${definition.id}-${type}`, cases };
}

export const layers: readonly VmSuite[] = [
  layerSuite(overlay, 'xfs'),
  layerSuite(overlay, 'ext4'),
  layerSuite(btrfs, 'btrfs'),
];
