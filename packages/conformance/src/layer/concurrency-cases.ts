import assert from 'node:assert/strict';
import type { LayerCase } from './layer-suite.ts';

const MANY = 50;

export const concurrencyCases: readonly LayerCase[] = [
  {
    name: 'strata/FiftyLayersAtOnce',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('base', 'base'));
      const drivers = [context.driver, await context.anotherDriver()];
      const layers = Array.from({ length: MANY }, () => context.plan(base));
      const driverOf = (n: number) => drivers[n % drivers.length]!;
      await Promise.all(layers.map((layer, n) => driverOf(n).create(layer)));
      assert.equal((await context.driver.list()).length, MANY + 1);
      await context.edit(layers[7]!.id, (edit) => edit.file('seven', '7'));
      await Promise.all(layers.slice(0, MANY / 2).map((layer, n) => driverOf(n + 1).seal(layer)));
      await context.look(layers[7]!.id, (edit) => assert.deepEqual(edit.names(), ['base', 'seven']));
      await context.look(layers[8]!.id, (edit) => assert.deepEqual(edit.names(), ['base']));
      await Promise.all([
        ...layers.map((layer, n) => driverOf(n).remove(layer.id)),
        ...drivers.map((driver) => driver.cleanup()),
      ]);
      await Promise.all(drivers.map((driver) => driver.cleanup()));
      assert.deepEqual(await context.driver.list(), [base]);
    },
  },
  {
    name: 'strata/CleanupBesideWork',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('base', 'base'));
      const other = await context.anotherDriver();
      for (let round = 0; round < 5; round += 1) {
        const doomed = await context.prepare(base);
        await context.edit(doomed, (edit) => edit.file('doomed', 'x'));
        const kept = context.plan(base);
        await context.driver.remove(doomed);
        await Promise.all([context.driver.create(kept), other.cleanup(), context.driver.cleanup()]);
        await context.edit(kept.id, (edit) => assert.deepEqual(edit.names(), ['base']));
      }
    },
  },
];
