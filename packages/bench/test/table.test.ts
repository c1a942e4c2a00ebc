import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { layerWorkloads } from '../src/workloads/catalogue.ts';

it('the command completes the workloads there are', () => {
  const table = readFileSync(resolve(import.meta.dirname, '../../cli/src/table/bench.ts'), 'utf8');
  const [, list] = /benchWorkloads = \[([^\]]*)\]/.exec(table)!;
  const named = [...list!.matchAll(/'([^']+)'/g)].map((match) => match[1]!);
  expect(named.sort()).toEqual(layerWorkloads.map(({ id }) => id).sort());
});

it('every workload says in one sentence what it tells', () => {
  for (const { tells, id } of layerWorkloads) {
    expect(tells, id).toMatch(/^[A-Z`].*[.]$/);
    expect(tells.length, id).toBeLessThan(240);
  }
});
