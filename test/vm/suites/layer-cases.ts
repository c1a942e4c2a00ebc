import { mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CaseResult,
  createTestFilesystem,
  layerDriverCases,
  openLayerContext,
  runCases,
} from '@strata/conformance';
import type { DriverDefinition, Host } from '@strata/core';
import { createHost } from '@strata/host';
import type { VmCases } from './index.ts';
import { createQuotaFilesystem } from './quota-filesystem.ts';

/** Hundreds of mounts or a second power cut, which cost much under emulation. */
const SLOW =
  /^(?:containerd\/128LayersMount|graphtest\/DeepLayerRead|strata\/(?:WritingToAChildChangesNoOther|FiveHundredLayersMount|LongAndHostileRoot|UnpackHundredAndTwentyEightLayers|FlushedLayersSurviveAPowerCut))$/;
/** What a filesystem has a say in: limits, accounts, names, attributes, whiteouts, renames, and being out of space. */
const ESSENTIAL =
  /Probe|Capabilities|SetQuota|Usage|NoSpace|Crash|Changes|Echo|ThreeLayers|NamesAreBytes|HolesStay|HardLinks|LinkCounts|Whiteouts|OpaqueRoot|Rename|FiftyLayersAtOnce|CleanupBesideWork|ViewReadonly|Template/;

/** The LayerDriver contract on this kernel's filesystems; XFS and ext4 with project quotas. */
export function layerCases(
  definition: DriverDefinition<'layer'>,
  type: 'xfs' | 'ext4' | 'btrfs',
  wanted: RegExp = ESSENTIAL,
): VmCases {
  return async function* (): AsyncGenerator<CaseResult> {
    const host = createHost();
    await using filesystem = await makeFilesystem(host, type);
    const createRoot = async () => {
      const root = await mkdtemp(join(filesystem.directory, 'root-'));
      return { root, dispose: () => rmdir(root) };
    };
    const chosen = layerDriverCases.filter(({ name }) => !SLOW.test(name) && wanted.test(name));
    yield {
      name: `${layerDriverCases.length - chosen.length} other cases`,
      outcome: 'excluded',
      reason: 'not under emulation; the drivers test them by themselves',
    };
    const context = openLayerContext({ definition, host, createRoot });
    yield* runCases(context, chosen, { milliseconds: 180_000 });
  };
}

function makeFilesystem(host: Host, type: 'xfs' | 'ext4' | 'btrfs') {
  if (type === 'btrfs') return createTestFilesystem(host, { type, size: 2 * 1024 ** 3 });
  return createQuotaFilesystem(host, type);
}
