import type { ContainerSummary, ImageSummary } from '@strata/engine';
import { describe, expect, it } from 'vitest';
import { formatTable, shownFields, tabulate } from '../src/format/table.ts';
import { ago, binarySize, humanDuration, humanSize } from '../src/format/units.ts';
import { containerRow, containerView } from '../src/views/container-view.ts';
import { familiarName, splitName } from '../src/views/familiar-name.ts';
import { imageRows, imageView } from '../src/views/image-view.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const before = (seconds: number): Date => new Date(now - seconds * 1000);

const web: ContainerSummary = {
  id: '0123456789abcdef'.repeat(4),
  name: 'web',
  image: 'debian:12',
  imageId: `sha256:${'a'.repeat(64)}`,
  command: ['sh', '-c', 'while :; do date; sleep 1; done'],
  created: before(7200),
  status: 'running',
  startedAt: before(65),
  finishedAt: undefined,
  exitCode: undefined,
  oomKilled: false,
  pid: 5,
  labels: { a: 'b', c: 'd' },
  storage: 'overlay',
  network: 'none',
};

describe('units', () => {
  it.each([
    [0.5, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [119, 'About a minute'],
    [120, '2 minutes'],
    [3599, '59 minutes'],
    [3600, 'About an hour'],
    [5399, 'About an hour'],
    [5400, '2 hours'],
    [47 * 3600, '47 hours'],
    [48 * 3600, '2 days'],
    [13 * 86400, '13 days'],
    [14 * 86400, '2 weeks'],
    [59 * 86400, '8 weeks'],
    [60 * 86400, '2 months'],
    [729 * 86400, '24 months'],
    [730 * 86400, '2 years'],
  ])('%d s is %s', (seconds, text) => expect(humanDuration(seconds * 1000)).toBe(text));

  it.each([
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [1234567, '1.23MB'],
    [124e6, '124MB'],
    [5e12, '5TB'],
  ])('%d bytes are %s', (bytes, text) => expect(humanSize(bytes)).toBe(text));

  it('uses powers of 1024 for memory, and tolerates a clock that went back', () => {
    expect(binarySize(8_221_732_864)).toBe('7.657GiB');
    expect(ago(new Date(now + 5000), now)).toBe('Less than a second ago');
    expect(ago(undefined, now)).toBe('N/A');
  });
});

describe('tables', () => {
  it('are as wide as docker makes them', () => {
    expect(
      tabulate([
        ['A', 'BB', 'C'],
        ['aaaaaaaaaaaa', 'b', 'c'],
      ]),
    ).toEqual(['A              BB        C', 'aaaaaaaaaaaa   b         c']);
  });

  const rows = [containerRow(web, { noTrunc: false, now })];
  const lines = (format?: string, quiet = false): string[] =>
    formatTable(rows, containerView, { format, quiet });

  it('list containers', () => {
    expect(lines()).toEqual([
      'CONTAINER ID   IMAGE       COMMAND                  CREATED       STATUS              PORTS     NAMES',
      '0123456789ab   debian:12   "sh -c \'while :; do …"   2 hours ago   Up About a minute             web',
    ]);
    expect(lines('table')).toEqual(lines());
    expect(lines(undefined, true)).toEqual(['0123456789ab']);
    expect(lines('table {{.Names}}\\t{{.Label "a"}}\\t{{upper .State}}')).toEqual([
      'NAMES     A         STATE',
      'web       b         RUNNING',
    ]);
    expect(lines('{{.Names}}: {{.Status}}')).toEqual(['web: Up About a minute']);
    expect(JSON.parse(lines('json')[0]!)).toMatchObject({
      ID: '0123456789ab',
      Labels: 'a=b,c=d',
      State: 'running',
    });
    expect(Object.keys(JSON.parse(lines('{{json .}}')[0]!) as object)[0]).toBe('Command');
  });

  it('are the same from rows that hold only what is shown, and with cells that are no plain text', () => {
    for (const quiet of [false, true]) {
      const only = shownFields(containerView, { format: undefined, quiet });
      const short = [containerRow(web, { noTrunc: false, now, only })];
      expect(Object.keys(short[0]!)).toEqual(only);
      expect(formatTable(short, containerView, { format: undefined, quiet })).toEqual(
        lines(undefined, quiet),
      );
    }
    expect(shownFields(containerView, { format: 'json', quiet: true })).toBeUndefined();
    const odd = [{ ...rows[0]!, Names: 'a\tb', Image: 'ä'.repeat(10) }];
    expect(formatTable(odd, containerView, { format: undefined, quiet: false })[1]).toBe(
      `0123456789ab   ${'ä'.repeat(10)}   "sh -c 'while :; do …"   2 hours ago   Up About a minute             a         b`,
    );
  });

  it('name the fields when a template asks for another', () => {
    expect(() => lines('{{.Foo}}')).toThrow(/no entry for key "Foo".*Command, CreatedAt/);
  });

  it.each([
    [{ status: 'exited', exitCode: 137, finishedAt: before(3 * 3600) }, 'Exited (137) 3 hours ago'],
    [{ status: 'paused' }, 'Up About a minute (Paused)'],
    [{ status: 'created', startedAt: undefined }, 'Created'],
    [{ status: 'removing' }, 'Removal In Progress'],
    [{ status: 'dead' }, 'Dead'],
  ] as [Partial<ContainerSummary>, string][])('status of %o', (change, text) => {
    expect(containerRow({ ...web, ...change }, { noTrunc: false, now }).Status).toBe(text);
  });

  it('list an image once per name', () => {
    const image: ImageSummary = {
      id: `sha256:${'b'.repeat(64)}`,
      digest: `sha256:${'c'.repeat(64)}`,
      names: ['docker.io/library/debian:12', 'localhost:5000/x/y:z'],
      created: before(3 * 86400),
      size: 124_000_000,
      layers: 2,
      platform: { os: 'linux', architecture: 'amd64' },
      labels: {},
      containers: 0,
    };
    const list = formatTable(imageRows(image, { noTrunc: false, now }), imageView, {
      format: undefined,
      quiet: false,
    });
    expect(list).toEqual([
      'REPOSITORY           TAG       IMAGE ID       CREATED      SIZE',
      'debian               12        bbbbbbbbbbbb   3 days ago   124MB',
      'localhost:5000/x/y   z         bbbbbbbbbbbb   3 days ago   124MB',
    ]);
    expect(imageRows({ ...image, names: [] }, { noTrunc: true })[0]).toMatchObject({
      Repository: '<none>',
      Tag: '<none>',
    });
  });

  it('show names as docker does', () => {
    expect(['docker.io/library/a:1', 'docker.io/u/a:1', 'quay.io/library/a:1'].map(familiarName)).toEqual([
      'a:1',
      'u/a:1',
      'quay.io/library/a:1',
    ]);
    expect(splitName('h:5000/a')).toEqual({ repository: 'h:5000/a', tag: undefined, digest: undefined });
    expect(splitName('h:5000/a:t@sha256:0')).toEqual({
      repository: 'h:5000/a',
      tag: 't',
      digest: 'sha256:0',
    });
  });
});
