import type { CreateRequest } from '@strata/engine';
import type { Flags } from '../parse/flag-reader.ts';
import { defined } from './defined.ts';

/** `--health-*` and `--no-healthcheck`; `undefined` when the image decides. @throws UsageError */
export function readHealthcheck(flags: Flags): CreateRequest['healthcheck'] {
  // Empty or zero asks for the image's, as docker has it.
  const time = (name: string) => flags.number(name) || undefined;
  const line = flags.string('health-cmd') || undefined;
  const asked = defined({
    test: line === undefined ? undefined : ['CMD-SHELL', line],
    interval: time('health-interval'),
    timeout: time('health-timeout'),
    startPeriod: time('health-start-period'),
    startInterval: time('health-start-interval'),
    retries: retries(flags),
  });
  const any = Object.keys(asked).length > 0;
  if (!flags.bool('no-healthcheck')) return any ? asked : undefined;
  if (any) throw flags.conflict('--no-healthcheck conflicts with --health-* options');
  return { test: ['NONE'] };
}

function retries(flags: Flags): number | undefined {
  const count = flags.number('health-retries');
  if (count !== undefined && count < 0)
    throw flags.invalid('health-retries', String(count), '--health-retries cannot be negative');
  return count || undefined;
}
