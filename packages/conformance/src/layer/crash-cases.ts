/** Stopping a driver before every single step it takes through the host. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { isStrataError, type Layer, type LayerDriver } from '@strata/core';
import { assertSamePicture } from '../tree/tree-picture.ts';
import { type Fault, faultAt } from './fault-host.ts';
import type { LayerContext } from './layer-context.ts';
import type { LayerCase } from './layer-suite.ts';

/** More steps than any operation has; a driver that takes more is not O(1). */
const MOST_STEPS = 60;

interface Sabotage {
  readonly fault: Fault;
  /** Bring about the state the operation starts from, by a healthy driver. */
  readonly before?: (layer: Layer) => Promise<void>;
  readonly operation: (driver: LayerDriver, layer: Layer) => Promise<unknown>;
  /** What must hold afterwards. `error`: what the operation ended with. */
  readonly after: (layer: Layer, error: unknown, step: number) => Promise<void>;
}

/** Repeat with the fault one step later each time, until the operation gets by without meeting it. */
async function atEveryStep(
  context: LayerContext,
  parent: string | undefined,
  sabotage: Sabotage,
): Promise<number> {
  for (let step = 1; step <= MOST_STEPS; step += 1) {
    const layer = context.plan(parent);
    await sabotage.before?.(layer);
    const faulty = faultAt(context.host, step, sabotage.fault);
    const driver = await context.anotherDriver(faulty.host);
    const error = await sabotage.operation(driver, layer).then(
      () => undefined,
      (caught: unknown) => caught ?? new Error('rejected with nothing'),
    );
    if (!faulty.hit()) return step - 1;
    await sabotage.after(layer, error, step);
    await context.remove(layer.id);
    await context.driver.cleanup();
    assert.ok(!(await context.driver.list()).includes(layer.id), `step ${step}: remove left the layer`);
  }
  assert.fail(`an operation takes more than ${MOST_STEPS} steps`);
}

export const crashCases: readonly LayerCase[] = [
  {
    name: 'strata/CrashInsideCreate',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('base', 'base'));
      const before = await context.picture(base);
      for (const parent of [undefined, base]) {
        const entries = readdirSync(context.root).sort();
        const steps = await atEveryStep(context, parent, {
          fault: 'crash',
          operation: (driver, layer) => driver.create(layer),
          async after(layer, _error, step) {
            await context.driver.remove(layer.id);
            await context.driver.cleanup();
            assert.deepEqual(readdirSync(context.root).sort(), entries, `step ${step}: remove left a trace`);
            await context.driver.create(layer);
            await context.edit(layer.id, (edit) => edit.file('works', 'x'));
          },
        });
        assert.ok(steps > 0, 'create takes no step through the host: the fault cannot be injected');
      }
      assertSamePicture(await context.picture(base), before, 'the parent');
    },
  },
  {
    name: 'strata/CrashInsideSeal',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('base', 'base'));
      await atEveryStep(context, base, {
        fault: 'crash',
        async before(layer) {
          await context.driver.create(layer);
          await context.edit(layer.id, (edit) => edit.file('mine', 'mine'));
        },
        operation: (driver, layer) => driver.seal(layer),
        async after(layer) {
          await context.driver.seal(layer);
          await context.look(layer.id, (edit) => assert.deepEqual(edit.names(), ['base', 'mine']));
        },
      });
    },
  },
  {
    name: 'strata/CrashInsideRemoveAndCleanup',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('base', 'base'));
      const entries = readdirSync(context.root).sort();
      await atEveryStep(context, base, {
        fault: 'crash',
        async before(layer) {
          await context.driver.create(layer);
          await context.edit(layer.id, (edit) => edit.file('mine', 'mine'));
        },
        async operation(driver, layer) {
          await driver.remove(layer.id);
          await driver.cleanup();
        },
        async after(layer, _error, step) {
          await context.driver.remove(layer.id);
          await context.driver.cleanup();
          assert.deepEqual(readdirSync(context.root).sort(), entries, `step ${step}: something is left`);
        },
      });
      await context.look(base, (edit) => assert.equal(edit.read('base'), 'base'));
    },
  },
  {
    name: 'strata/NoSpaceInsideCreate',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('base', 'base'));
      for (const parent of [undefined, base]) {
        await atEveryStep(context, parent, {
          fault: 'no-space',
          operation: (driver, layer) => driver.create(layer),
          async after(layer, error, step) {
            assert.ok(
              isStrataError(error, 'resource-exhausted'),
              `step ${step}: ENOSPC became ${String(error)}`,
            );
            assert.ok(
              !(await context.driver.list()).includes(layer.id),
              `step ${step}: half a layer was left`,
            );
          },
        });
      }
    },
  },
];
