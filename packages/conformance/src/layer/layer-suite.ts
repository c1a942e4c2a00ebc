import type { LayerCapabilities } from '@strata/core';
import type { ConformanceCase, SuiteTarget } from '../runner/case.ts';
import { stackCases } from '../stack/stack-cases.ts';
import { capabilityCases } from './capability-cases.ts';
import { concurrencyCases } from './concurrency-cases.ts';
import { crashCases } from './crash-cases.ts';
import { definitionCases } from './definition-cases.ts';
import { fidelityCases } from './fidelity-cases.ts';
import { isolationCases } from './isolation-cases.ts';
import { LayerContext } from './layer-context.ts';
import { createDriver, type LayerSuiteTarget } from './layer-target.ts';
import { lifecycleCases } from './lifecycle-cases.ts';
import { powerCases } from './power-cases.ts';
import { unpackCases } from './unpack-cases.ts';
import { usageCases } from './usage-cases.ts';

export type LayerCase = ConformanceCase<LayerContext, LayerCapabilities>;

/** Every case a layer driver must pass or be excluded from by what it declares. */
export const layerDriverCases: readonly LayerCase[] = [
  ...definitionCases,
  ...lifecycleCases,
  ...fidelityCases,
  ...isolationCases,
  ...stackCases,
  ...unpackCases,
  ...usageCases,
  ...capabilityCases,
  ...concurrencyCases,
  ...crashCases,
  ...powerCases,
];

export function openLayerContext(target: LayerSuiteTarget): SuiteTarget<LayerContext, LayerCapabilities> {
  return {
    async open() {
      const { root, dispose } = await target.createRoot();
      const driver = await createDriver(target, root);
      const context = new LayerContext(target, driver, root);
      return {
        context,
        traits: driver.capabilities,
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
