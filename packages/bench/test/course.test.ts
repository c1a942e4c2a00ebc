import { createHost } from '@strata/host';
import { describe, expect, it } from 'vitest';
import { Course } from '../src/run/course.ts';
import type { BenchProgress } from '../src/run/progress.ts';
import { type Contestant, seconds, type Workload } from '../src/workloads/workload.ts';

const host = createHost({ logLevel: 'error' });
const contestant = (id: string): Contestant => ({ id, host, settle: async () => undefined });
const subjects = [contestant('a'), contestant('b')];
const stays = (): AbortSignal => new AbortController().signal;

function workload(id: string, part: Partial<Workload<Contestant>>): Workload<Contestant> {
  return {
    id,
    title: id,
    tells: '',
    metrics: [seconds('t', 'time')],
    cache: '',
    needsImage: false,
    open: async () => ({ run: async () => ({ t: 1 }) }),
    ...part,
  };
}

/** Notes who runs when. */
function noting(log: string[], id = 'w'): Workload<Contestant> {
  return workload(id, {
    open: async (subject) => ({
      run: async () => {
        log.push(subject.id);
        return { t: subject.id === 'a' ? 1 : 2 };
      },
    }),
  });
}

describe('a course', () => {
  it('lets drivers take turns, each beginning as often, after one round to warm up', async () => {
    const log: string[] = [];
    const [result] = await new Course(subjects, [noting(log)], { runs: 3, signal: stays() }).run();
    expect(log.join('')).toBe('ab' + 'ba' + 'ab' + 'ba');
    expect(result!.runs).toBe(3);
    expect(result!.metrics[0]!.measured.map(({ samples }) => samples)).toEqual([
      [1, 1, 1],
      [2, 2, 2],
    ]);
  });

  it('counts space once', async () => {
    const log: string[] = [];
    await new Course(subjects, [{ ...noting(log), exact: true }], { signal: stays() }).run();
    expect(log.sort()).toEqual(['a', 'b']);
  });

  it('goes on without a driver that fails, and says so', async () => {
    const broken = workload('broken', {
      open: async ({ id }) => ({
        run: async () => {
          if (id === 'a') throw new Error('no space left');
          return { t: 1 };
        },
      }),
    });
    const [first, second] = await new Course(subjects, [broken, noting([])], {
      runs: 3,
      signal: stays(),
    }).run();
    expect(first!.notMeasured).toEqual([{ subject: 'a', cause: 'failed', reason: 'no space left' }]);
    expect(first!.metrics[0]!.measured.map(({ subject }) => subject)).toEqual(['b']);
    expect(second!.metrics[0]!.measured).toHaveLength(2);
  });

  it('gives the reason of a skip, of a whole workload and of a metric', async () => {
    const skipping = workload('skipping', {
      open: async ({ id }) =>
        id === 'a'
          ? { skip: 'fio is not installed' }
          : { run: async () => ({ t: 1 }), cannot: new Map([['u', 'EXDEV']]) },
    });
    const [result] = await new Course(subjects, [skipping], { runs: 1, signal: stays() }).run();
    expect(result!.notMeasured).toEqual([
      { subject: 'a', cause: 'skipped', reason: 'fio is not installed' },
      { subject: 'b', metric: 'u', cause: 'skipped', reason: 'EXDEV' },
    ]);
  });

  it('keeps what was measured when it is stopped, and closes what was open', async () => {
    const stop = new AbortController();
    let closed = 0;
    let runs = 0;
    const stopping = workload('stopping', {
      open: async () => ({
        run: async () => {
          runs += 1;
          if (runs === 5) stop.abort();
          return { t: 1 };
        },
        close: async () => {
          closed += 1;
        },
      }),
    });
    const results = await new Course(subjects, [stopping, noting([])], {
      runs: 9,
      signal: stop.signal,
    }).run();
    expect(results).toHaveLength(1);
    expect(results[0]!.metrics[0]!.measured.map(({ samples }) => samples.length)).toEqual([2, 1]);
    expect(closed).toBe(2);
  });

  it('keeps what was measured when a filesystem breaks, and says why it did', async () => {
    const breaks: Contestant = {
      ...contestant('a'),
      settle: async () => {
        throw new Error('EIO');
      },
      shortage: async () => 'the backing is full',
    };
    const results = await new Course([breaks], [noting([])], { runs: 3, signal: stays() }).run();
    expect(results[0]!.metrics[0]!.measured[0]!.samples).toHaveLength(3);
    expect(results[0]!.notMeasured).toEqual([
      { subject: 'a', cause: 'failed', reason: 'EIO (the backing is full)' },
    ]);
  });

  it('lets nothing of one turn reach into the next', async () => {
    const log: string[] = [];
    const resting = subjects.map((one) => ({ ...one, rest: async () => void log.push(`rest ${one.id}`) }));
    await new Course(resting, [noting(log)], { runs: 1, signal: stays() }).run();
    expect(log).toEqual(['rest a', 'a', 'rest b', 'b', 'rest b', 'b', 'rest a', 'a']);
  });

  it('reports how far it is, never backwards, to the end', async () => {
    const seen: number[] = [];
    const onProgress = (event: BenchProgress): void => {
      if (event.kind === 'step') seen.push(event.done);
    };
    await new Course(subjects, [noting([]), noting([], 'x')], { runs: 3, signal: stays(), onProgress }).run();
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBeGreaterThan(0.9);
    expect(seen.at(-1)).toBeLessThanOrEqual(1);
  });
});
