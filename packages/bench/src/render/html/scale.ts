/** Where a figure lies on a chart, and which marks the axis has. */
export interface Scale {
  readonly logarithmic: boolean;
  /** 0–100. */
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** Beyond this the smallest bar of a linear scale would be invisible. */
const WIDEST = 30;

/** `binary`: marks at KiB and MiB. */
export function scaleFor(values: readonly number[], binary = false): Scale {
  const high = Math.max(...values);
  const low = Math.min(...values.filter((value) => value > 0), high);
  if (high <= 0) return { logarithmic: false, at: () => 0, ticks: [0] };
  return high / low > WIDEST ? logarithmic(low, high, binary ? 16 : 10) : linear(high, binary);
}

function linear(high: number, binary: boolean): Scale {
  const step = binary ? 2 ** Math.ceil(Math.log2(high / 4)) : niceStep(high / 4);
  const ticks: number[] = [];
  for (let tick = 0; tick <= high * 1.0001; tick += step) ticks.push(tick);
  const end = high * 1.04;
  return { logarithmic: false, at: (value) => (100 * value) / end, ticks };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  return factor * power;
}

function logarithmic(low: number, high: number, base: number): Scale {
  const log = (value: number): number => Math.log(value) / Math.log(base);
  const first = Math.floor(log(low));
  const last = log(high) + 0.05;
  const every = Math.ceil((Math.floor(last) - first + 1) / 5);
  const ticks: number[] = [];
  for (let power = first; power <= last; power += every) ticks.push(base ** power);
  return {
    logarithmic: true,
    at: (value) => (value <= 0 ? 0 : Math.max(0, (100 * (log(value) - first)) / (last - first))),
    ticks,
  };
}
