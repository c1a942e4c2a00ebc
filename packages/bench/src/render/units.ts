import type { Interval, Ratio, Unit } from '../report.ts';

/** Three significant digits without an exponent. */
export function digits(value: number): string {
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(6, Math.max(0, 2 - size)));
}

function scaled(value: number, base: number, names: readonly string[]): string {
  let rest = value;
  let at = 0;
  while (Math.abs(rest) >= base && at < names.length - 1) {
    rest /= base;
    at += 1;
  }
  return `${digits(rest)} ${names[at]}`.trimEnd();
}

function duration(seconds: number): string {
  if (seconds >= 120) return `${digits(seconds / 60)} min`;
  if (seconds >= 1 || seconds === 0) return `${digits(seconds)} s`;
  if (seconds >= 1e-3) return `${digits(seconds * 1e3)} ms`;
  return `${digits(seconds * 1e6)} µs`;
}

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `12.3 ms`, `64.0 MiB`, `4.10 k/s`. */
export function figure(value: number, unit: Unit): string {
  switch (unit) {
    case 's':
      return duration(value);
    case 'B':
      return value < 1024 ? `${Math.round(value)} B` : scaled(value, 1024, BINARY);
    case 'B/s':
      return `${scaled(value, 1024, BINARY)}/s`;
    case '1/s':
      return `${scaled(value, 1000, ['', 'k', 'M'])}/s`;
    case 'inodes':
      return `${Math.round(value)}`;
  }
}

/** `1.90×`; `> 1000×` where the other is next to nothing. */
export function times(value: number): string {
  return value >= 10_000 ? '> 10000×' : `${digits(value)}×`;
}

export function span(interval: Interval, show: (value: number) => string): string {
  const [low, high] = interval.map(show) as [string, string];
  return low === high ? low : `${low}–${high}`;
}

/** `1.90×`, `1.02× (noise)`, `1/397` far below. */
export function ratioText(ratio: Ratio | undefined): string {
  if (ratio === undefined) return '1×';
  const value = ratio.value > 0 && ratio.value < 0.1 ? `1/${digits(1 / ratio.value)}` : times(ratio.value);
  return ratio.noise ? `${value} (noise)` : value;
}

/** `±4 %`: the MAD over the median. */
export function spreadText({ median, mad }: { readonly median: number; readonly mad: number }): string {
  return median === 0 ? '' : `±${Math.round((100 * mad) / median)} %`;
}

/** With a capital to begin a sentence or a caption. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Of fewer samples there is no interval that holds the median 95 times in 100. */
export const intervalName = (runs: number): string => (runs < 6 ? 'range' : '95 % interval');
