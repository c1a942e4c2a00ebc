import { describe, expect, it } from 'vitest';
import { healthPlan, mergeHealthcheck } from '../../src/containers/health/health-config.ts';
import { afterProbe, type Health, nextProbe } from '../../src/containers/health/health-state.ts';
import { LimitedOutput } from '../../src/containers/health/limited-output.ts';
import { shownStatus } from '../../src/containers/health/shown-status.ts';
import { formatLease } from '../../src/state/lease.ts';

const started = new Date('2026-01-01T00:00:00.000Z');
const after = (seconds: number) => new Date(started.getTime() + seconds * 1000).toISOString();
const plan = {
  command: ['true'],
  interval: 30_000,
  timeout: 30_000,
  startPeriod: 10_000,
  startInterval: 2_000,
  retries: 2,
};
const fresh: Health = { status: 'starting', streak: 0, log: [] };

/** Exit codes at seconds after the start, from a fresh one: status and streak after each. */
function story(...probes: readonly (readonly [seconds: number, code: number])[]): string[] {
  let health = fresh;
  return probes.map(([seconds, ExitCode]) => {
    const result = { Start: after(seconds), End: after(seconds + 1), ExitCode, Output: '' };
    health = afterProbe(health, result, { plan, started });
    return `${health.status} ${health.streak}`;
  });
}

describe('the state of a health check', () => {
  it('failures in the start period do not count, those after it do', () => {
    expect(story([1, 1], [9, -1], [11, 1], [12, 1])).toEqual([
      'starting 0',
      'starting 0',
      'starting 1',
      'unhealthy 2',
    ]);
  });

  it('once it was healthy the start period is over', () => {
    expect(story([1, 0], [2, 1], [3, 1])).toEqual(['healthy 0', 'healthy 1', 'unhealthy 2']);
  });

  it('one success makes it healthy again and forgets the failures', () => {
    expect(story([20, 1], [21, 1], [22, 3], [23, 0], [24, 1])).toEqual([
      'starting 1',
      'unhealthy 2',
      'unhealthy 3',
      'healthy 0',
      'healthy 1',
    ]);
  });

  it('keeps the last five results, oldest first', () => {
    let health = fresh;
    for (let n = 0; n < 7; n++)
      health = afterProbe(
        health,
        { Start: after(n), End: after(n), ExitCode: n, Output: '' },
        { plan, started },
      );
    expect(health.log.map(({ ExitCode }) => ExitCode)).toEqual([2, 3, 4, 5, 6]);
  });

  it('asks sooner during the start period, until it is healthy', () => {
    const at = (seconds: number) => started.getTime() + seconds * 1000;
    expect(nextProbe({ status: 'starting' }, { plan, started }, at(1))).toBe(2_000);
    expect(nextProbe({ status: 'healthy' }, { plan, started }, at(1))).toBe(30_000);
    expect(nextProbe({ status: 'starting' }, { plan, started }, at(10))).toBe(30_000);
  });

  it('is unknown without a keeper, and not healthy when the container does not run', () => {
    const keeper = { pid: 7, startTime: 8, bootId: 'b' };
    const health = { status: 'healthy', lease: formatLease(keeper) } as const;
    const processes = { alive: ({ pid }: { pid: number }) => pid === 7 };
    expect(shownStatus(health, { active: true, processes })).toBe('healthy');
    expect(shownStatus({ ...health, lease: '9:8:b' }, { active: true, processes })).toBe('starting');
    expect(shownStatus({ ...health, lease: null }, { active: true, processes })).toBe('starting');
    expect(shownStatus(health, { active: false, processes })).toBe('unhealthy');
  });
});

describe('what the image and the request come to', () => {
  const merge = (
    ...given: Parameters<typeof mergeHealthcheck> extends [infer R, infer I, ...unknown[]] ? [R, I] : never
  ) => {
    const warnings: string[] = [];
    return { config: mergeHealthcheck(given[0], given[1], warnings), warnings };
  };

  it('the request replaces what it names, the rest is inherited', () => {
    const image = { Test: ['CMD', 'check'], Interval: 5e9, Retries: 7 };
    expect(merge({ timeout: 1500, retries: 2 }, image)).toEqual({
      config: { Test: ['CMD', 'check'], Interval: 5e9, Timeout: 1.5e9, Retries: 2 },
      warnings: [],
    });
    expect(merge({ test: ['NONE'] }, image).config).toEqual({ Test: ['NONE'] });
    expect(merge(undefined, image).config).toEqual(image);
    expect(merge(undefined, undefined).config).toBeUndefined();
  });

  it.each([
    [{ Test: ['RUN', 'x'] }],
    [{ Test: ['CMD'] }],
    [{ Test: ['CMD', ''] }],
    [{ Test: ['CMD', 'a\0b'] }],
    [{ Test: ['CMD-SHELL', 'x'.repeat(100_000)] }],
    [{ Test: ['NONE', 'x'] }],
  ])('an image that makes no sense is ignored with a warning: %j', (image) => {
    expect(merge(undefined, image)).toMatchObject({ config: undefined, warnings: [expect.any(String)] });
  });

  it("an image's times are bounded, and numbers that are none do not count", () => {
    const image = {
      Test: ['CMD', 'x'],
      Interval: 1,
      Timeout: -5,
      StartPeriod: '9',
      Retries: 1.5,
      StartInterval: 2e6,
    };
    const { config, warnings } = merge(undefined, image);
    expect(config).toEqual({ Test: ['CMD', 'x'], Interval: 1e9, StartInterval: 1e9 });
    expect(warnings).toHaveLength(2);
    const endless = {
      Test: ['CMD', 'x'],
      Interval: Number.MAX_SAFE_INTEGER,
      Retries: Number.MAX_SAFE_INTEGER,
    };
    expect(healthPlan({ healthcheck: endless })?.interval).toBe(2 ** 31 - 1);
  });

  it.each([
    [{ test: ['CMD'] }],
    [{ test: ['CMD-SHELL', 'a\0b'] }],
    [{ test: ['NONE'], interval: -1 }],
    [{ test: ['CMD', 'x'], timeout: 0.5 }],
    [{ test: ['CMD', 'x'], startPeriod: 1e12 }],
    [{ test: ['CMD', 'x'], interval: Number.NaN }],
    [{ test: ['CMD', 'x'], retries: -1 }],
    [{ test: ['CMD', 'x'], retries: 1.5 }],
  ])('a request that makes no sense is refused: %j', (request) => {
    expect(() => merge(request, undefined)).toThrow(
      expect.objectContaining({ code: 'CONTAINER_REQUEST_INVALID' }),
    );
  });

  it('settings without a command are told to have no effect', () => {
    expect(merge({ retries: 1 }, undefined)).toMatchObject({
      config: undefined,
      warnings: [expect.any(String)],
    });
  });

  it("has Docker's defaults and the image's shell", () => {
    expect(healthPlan({ healthcheck: { Test: ['CMD-SHELL', 'a b'] } })).toEqual({
      command: ['/bin/sh', '-c', 'a b'],
      interval: 30_000,
      timeout: 30_000,
      startPeriod: 0,
      startInterval: 5_000,
      retries: 3,
    });
    const shell = ['/bin/bash', '-ec'];
    expect(healthPlan({ shell, healthcheck: { Test: ['CMD-SHELL', 'x'] } })?.command).toEqual([
      ...shell,
      'x',
    ]);
    expect(healthPlan({ shell, healthcheck: { Test: ['CMD', 'x', 'y'] } })?.command).toEqual(['x', 'y']);
    expect(healthPlan({ healthcheck: { Test: ['NONE'] } })).toBeUndefined();
    expect(healthPlan({ healthcheck: undefined })).toBeUndefined();
  });
});

it('of the output of a probe the first 4096 bytes are kept', () => {
  const output = new LimitedOutput();
  output.add(Buffer.from('a'.repeat(4000)));
  expect(output.toString()).toBe('a'.repeat(4000));
  output.add(Buffer.from('b'.repeat(4000)));
  output.add(Buffer.from('c'));
  expect(output.toString()).toBe(`${'a'.repeat(4000)}${'b'.repeat(96)}...`);
});
