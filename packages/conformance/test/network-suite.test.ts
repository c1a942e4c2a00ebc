import { createHost } from '@strata/host';
import { describe, expect, it } from 'vitest';
import { networkDriverCases, type ReportedResult, runIsolated } from '../src/network/index.ts';

/** Each fault with the case that must see it. */
const faults: readonly (readonly [string, string])[] = [
  ['detach leaves a link', 'strata/detach-is-idempotent'],
  ['detach fails twice', 'strata/detach-is-idempotent'],
  ['forgets leases', 'strata/crash-between-plan-and-attach'],
  ['same address for all', 'strata/addresses-are-unique-under-parallel-planning'],
  ['plan is not idempotent', 'strata/plan-is-data-and-idempotent'],
  ['no isolation', 'strata/networks-are-isolated'],
  ['no isolation', 'strata/internal-network-stays-inside'],
  ['no translation outwards', 'strata/out-by-nat-not-in'],
  ['ignores published ports', 'strata/loopback-port-stays-on-the-host'],
  ['restores nothing', 'strata/restore-after-a-firewall-flush'],
  ['restores nothing', 'strata/restore-after-the-bridge-was-deleted'],
  ['removes networks in use', 'strata/network-in-use-stays'],
];

async function outcome(fault: string, name: string): Promise<ReportedResult | undefined> {
  const driver = new URL(`./network-broken-driver.ts?fault=${encodeURIComponent(fault)}`, import.meta.url);
  for await (const result of runIsolated({ driver, host: createHost(), only: [name] })) return result;
  return undefined;
}

describe('the NetworkDriver suite', () => {
  it('names its cases once', () => {
    const names = networkDriverCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(faults)('sees a driver that %s (%s)', { timeout: 120_000 }, async (fault, name) => {
    expect((await outcome(fault, name))?.outcome).toBe('failed');
    expect((await outcome('none', name))?.outcome).toBe('passed');
  });
});
