/** Where a figure lies on a chart, and which marks the axis has. */
export interface Scale {
  readonly logarithmic: boolean;
  /** 0–100. */
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** Beyond this the smallest bar of a linear scale would be invisible. */
const WIDEST = 30;

export function scaleFor(values: readonly number[]): Scale {
  const high = Math.max(...values);
  const low = Math.min(...values.filter((value) => value > 0), high);
  if (high <= 0) return { logarithmic: false, at: () => 0, ticks: [0] };
  return high / low > WIDEST ? logarithmic(low, high) : linear(high);
}

function linear(high: number): Scale {
  const step = niceStep(high / 4);
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

function logarithmic(low: number, high: number): Scale {
  const first = Math.floor(Math.log10(low));
  const last = Math.log10(high) + 0.05;
  const decades = Math.floor(last) - first + 1;
  const every = Math.ceil(decades / 5);
  const ticks: number[] = [];
  for (let power = first; power <= last; power += every) ticks.push(10 ** power);
  return {
    logarithmic: true,
    at: (value) => (value <= 0 ? 0 : Math.max(0, (100 * (Math.log10(value) - first)) / (last - first))),
    ticks,
  };
}
