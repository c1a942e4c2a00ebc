import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { expectError } from '../runner/expect-error.ts';
import type { LayerCase } from './layer-suite.ts';

const MIB = 1024 ** 2;
/** Directories, inodes, rounding to blocks. */
const SLACK = MIB / 4;

export const usageCases: readonly LayerCase[] = [
  {
    name: 'containerd/Usage (own consumption)',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('one', randomBytes(MIB)));
      const alone = await context.driver.usage(context.layer(base));
      within(alone.bytes, MIB, MIB + SLACK, 'a base layer of 1 MiB');
      assert.ok(alone.inodes >= 1);
      const child = await context.commit(base, (edit) => edit.file('two', randomBytes(2 * MIB)));
      const own = await context.driver.usage(context.layer(child));
      within(own.bytes, 2 * MIB, 3 * MIB + SLACK, 'a child that adds 2 MiB');
      const after = await context.driver.usage(context.layer(base));
      within(after.bytes, alone.bytes - SLACK, alone.bytes + SLACK, 'the base once it has a child');
    },
  },
  {
    name: 'strata/UsageExcludesParents',
    excludedBy: ({ clone, independentUnpack }) =>
      clone || independentUnpack
        ? undefined
        : 'layers are full copies (neither clone nor independentUnpack), which they own',
    async run(context) {
      const base = await context.commit(undefined, (edit) => edit.file('one', randomBytes(4 * MIB)));
      const child = await context.prepare(base);
      within((await context.driver.usage(context.layer(child))).bytes, 0, SLACK, 'a child without changes');
      await context.edit(child, (edit) => edit.file('two', randomBytes(MIB)));
      within(
        (await context.driver.usage(context.layer(child))).bytes,
        MIB,
        MIB + SLACK,
        'a child that adds 1 MiB',
      );
    },
  },
  {
    name: 'strata/UsageHonoursItsSignal',
    async run(context) {
      const base = await context.commit(undefined, (edit) => {
        for (let n = 0; n < 200; n += 1) edit.file(`file${n}`, String(n));
      });
      const signal = AbortSignal.abort();
      await expectError('aborted', 'usage with an aborted signal', () =>
        context.driver.usage(context.layer(base), signal),
      );
    },
  },
];

function within(value: number, least: number, most: number, what: string): void {
  assert.ok(
    value >= least && value <= most,
    `${what}: usage is ${value} bytes, expected ${least} to ${most}`,
  );
}
