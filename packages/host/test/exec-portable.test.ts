import { StrataError } from '@strata/core';
import { describe, expect, it, vi } from 'vitest';

vi.mock('../src/native.ts', () => ({
  native: () => {
    throw new StrataError('failed-precondition', 'NATIVE_MISSING', 'not built');
  },
}));

/** The tests of Exec once more, as on a machine without the addon: execa and child_process. */
describe('without the addon', async () => {
  const { canStartDirectly } = await import('../src/exec/child.ts');
  it('is what these tests see', () => expect(canStartDirectly()).toBe(false));
  await import('./exec.test.ts');
});
