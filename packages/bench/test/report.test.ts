import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportSchema } from '../src/baseline/schema.ts';
import {
  type BenchReport,
  readBaseline,
  renderHtml,
  renderJson,
  renderMarkdown,
  renderTable,
  type WorkloadResult,
  withComparison,
} from '../src/index.ts';
import { assess } from '../src/stats/assess.ts';
import { seconds } from '../src/workloads/workload.ts';

const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)>';

function report(factor = 1, part: Partial<BenchReport> = {}): BenchReport {
  const measures = (middle: number) =>
    [0.98, 1, 1.01, 1.02, 0.99, 1.03, 0.97].map((noise) => ({ t: middle * noise, rare: middle * noise }));
  return {
    schemaVersion: 1,
    kind: 'layer',
    strata: '0.1.0',
    startedAt: '2026-01-02T03:04:05.000Z',
    finishedAt: '2026-01-02T03:14:05.000Z',
    command: ['strata', 'bench', '--image', HOSTILE],
    settings: { runs: 7, warmup: 1, backing: 'memory', cold: false, image: HOSTILE },
    machine: {
      cpu: 'A processor',
      cores: 2,
      memoryBytes: 2 ** 33,
      kernel: '6.1.0',
      os: 'Debian',
      architecture: 'x64',
      node: 'v24.0.0',
      tools: { runc: 'runc version 1.1.5' },
      load: [0.1, 0.2],
    },
    subjects: [
      { id: 'overlay', summary: HOSTILE, filesystem: 'ext4' },
      { id: 'btrfs', summary: 'snapshots', filesystem: 'btrfs' },
    ],
    leftOut: [{ id: 'zfs', reason: 'no zfs here', hint: 'install it' }],
    workloads: [
      assess(
        {
          id: 'prepare',
          title: 'Prepare a layer',
          tells: 'How long `prepare` takes.',
          cache: 'warm',
          metrics: [seconds('t', 'one parent'), seconds('rare', 'one directory')],
        },
        {
          samples: [
            { subject: 'overlay', measures: measures(0.002).map(({ t }) => ({ t })) },
            { subject: 'btrfs', measures: measures(0.006 * factor) },
          ],
          absent: [{ subject: 'overlay', metric: 'rare', cause: 'skipped', reason: 'EXDEV' }],
        },
      ),
    ],
    ...part,
  };
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bench-report-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('the HTML report', () => {
  const html = renderHtml(report());

  it('is one file that loads nothing', () => {
    expect(html).not.toMatch(/(?:src|href)="(?!#|data:,)/);
    expect(html).not.toMatch(/url\((?!#)|@import|https?:\/\//);
    expect(html).toContain("default-src 'none'");
  });

  it('lets no name become markup', () => {
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('<img');
    expect(html.match(/<script/g)).toHaveLength(1);
  });

  it('carries its data', () => {
    const [, json] = /<script type="application\/json" id="report">(.*)<\/script>/s.exec(html)!;
    expect(JSON.parse(json!)).toEqual(report());
  });

  it('has a verdict per workload, and tells drivers apart without colour', () => {
    expect(html).toContain('overlay is fastest (2.00 ms); btrfs takes 3.00× as long');
    expect(html).toContain('not possible: EXDEV');
    for (const subject of ['overlay', 'btrfs'])
      expect(html).toMatch(new RegExp(`aria-label="${subject}: median`));
    expect(html).toContain('fill: url(#p0)');
    expect(html).toContain('fill: url(#p1)');
    expect(html).toContain('prefers-color-scheme: dark');
  });

  it('says why there is no chart at all', () => {
    const [workload] = report().workloads as [WorkloadResult];
    const without = { ...workload, metrics: workload.metrics.filter(({ id }) => id !== 'rare') };
    expect(renderHtml(report(1, { workloads: [without] }))).toContain('overlay, rare skipped: EXDEV');
  });

  it('says when it is partial, and what was left out', () => {
    expect(renderHtml(report(1, { partial: 'It was interrupted' }))).toContain('Partial report');
    expect(html).toContain('no zfs here');
  });
});

describe('the other forms', () => {
  it('show medians, spread, interval and ratio', () => {
    for (const text of [renderTable(report()).join('\n'), renderMarkdown(report())]) {
      expect(text).toContain('6.00 ms');
      expect(text).toContain('3.00×');
      expect(text).toContain('±2 %');
      expect(text).toMatch(/5\.82 ms–6\.18 ms/);
      expect(text).toContain('overlay, rare skipped: EXDEV');
    }
  });

  it.each([40, 60, 80, 100])('fit a terminal of %d columns', (columns) => {
    const lines = renderTable(report(), columns);
    expect(lines.filter((line) => [...line].length > columns)).toEqual([]);
    const text = lines.join('\n');
    expect(text.replace(/\n */g, ' ')).toContain('overlay is fastest (2.00 ms); btrfs takes 3.00× as long');
    expect(text).toMatch(/overlay +2\.00 ms.*1×$/m);
    expect(text).toMatch(/btrfs +6\.00 ms.*3\.00×$/m);
    expect(text).toContain('One parent'.toLowerCase());
  });

  it('call a range of few runs a range', () => {
    const [workload] = report().workloads as [WorkloadResult];
    const few = report(1, { workloads: [{ ...workload, runs: 3 }] });
    for (const text of [renderTable(few).join('\n'), renderMarkdown(few)]) {
      expect(text).toContain('range');
      expect(text).not.toContain('95 %');
    }
  });

  it('are JSON of the documented schema', () => {
    const parsed: unknown = JSON.parse(
      renderJson(withComparison(report(), { file: 'b', report: report(2) })),
    );
    expect(v.parse(reportSchema, parsed)).toEqual(parsed);
    const fields = new Set<string>();
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        if (!Array.isArray(value)) fields.add(key);
        collect(inner);
      }
    };
    collect(parsed);
    fields.delete('runc');
    const documentation = readFileSync(resolve(import.meta.dirname, '../../../docs/bench-schema.md'), 'utf8');
    expect([...fields].filter((field) => !documentation.includes(`\`${field}\``))).toEqual([]);
  });
});

describe('a baseline', () => {
  const against = (before: BenchReport, now: BenchReport) =>
    withComparison(now, { file: 'before.json', report: before }).comparison!;

  it('finds a regression and an improvement, and takes the rest for noise', () => {
    expect(against(report(), report(1.3))).toMatchObject({ regressions: 2 });
    expect(against(report(), report(1.3)).changes.map(({ subject, verdict }) => [subject, verdict])).toEqual([
      ['overlay', 'noise'],
      ['btrfs', 'regression'],
      ['btrfs', 'regression'],
    ]);
    expect(against(report(1.3), report()).changes[1]!.verdict).toBe('improvement');
    expect(against(report(), report(1.03)).regressions).toBe(0);
  });

  it('names what was measured then and cannot be now, unless nobody asked', () => {
    const [workload] = report().workloads as [WorkloadResult];
    const broken = {
      ...workload,
      metrics: workload.metrics.map((one) => ({
        ...one,
        measured: one.measured.filter(({ subject }) => subject !== 'btrfs'),
      })),
    };
    const failed = [{ subject: 'btrfs', cause: 'failed', reason: 'no space left' }] as const;
    const now = (notMeasured: WorkloadResult['notMeasured']) =>
      against(report(), report(1, { workloads: [{ ...broken, notMeasured }] }));
    expect(now(failed)).toMatchObject({
      regressions: 0,
      missing: [
        { workload: 'prepare', metric: 't', subject: 'btrfs', reason: 'no space left' },
        { workload: 'prepare', metric: 'rare', subject: 'btrfs', reason: 'no space left' },
      ],
    });
    expect(now([]).missing).toEqual([]);
    expect(now([{ ...failed[0], cause: 'stopped' }]).missing).toEqual([]);
    const gone = report(1, {
      workloads: [{ ...broken, notMeasured: [] }],
      leftOut: [{ id: 'btrfs', reason: 'no btrfs in this kernel' }],
    });
    const compared = withComparison(gone, { file: 'before.json', report: report() });
    for (const text of [renderTable(compared).join('\n'), renderMarkdown(compared), renderHtml(compared)])
      expect(text).toMatch(/not measured any more: prepare t of btrfs: no btrfs in this kernel/i);
    expect(against(report(), report(1, { workloads: [] }))).toMatchObject({ changes: [], missing: [] });
  });

  it('of another kind of drivers is refused', async () => {
    const file = join(directory, 'network.json');
    await writeFile(file, renderJson(report(1, { kind: 'network' })));
    await expect(readBaseline(file, 'layer')).rejects.toMatchObject({ code: 'BENCH_BASELINE' });
    await expect(readBaseline(directory, 'layer')).rejects.toMatchObject({
      code: 'BENCH_BASELINE',
      message: expect.stringContaining('is a directory'),
    });
  });

  it('warns about another machine', () => {
    const { machine } = report();
    const other = report(1, { machine: { ...machine, kernel: '5.0.0' } });
    expect(against(other, report()).warnings).toEqual(['the kernel was 5.0.0, is 6.1.0']);
  });

  it('is read back as it was written', async () => {
    const file = join(directory, 'good.json');
    await writeFile(file, renderJson(report()));
    expect(await readBaseline(file)).toEqual({ file, report: report() });
  });

  it.each([
    ['does not exist', undefined],
    ['is not JSON', 'nonsense'],
    ['is not a report of strata bench', '{"schemaVersion":1}'],
    ['is not a report of strata bench', JSON.stringify({ ...report(), schemaVersion: 2 })],
  ])('that %s is refused in one sentence', async (problem, content) => {
    const file = join(directory, `bad-${Math.random()}`);
    if (content !== undefined) await writeFile(file, content);
    await expect(readBaseline(file)).rejects.toMatchObject({
      code: 'BENCH_BASELINE',
      message: expect.stringContaining(problem),
    });
  });
});
