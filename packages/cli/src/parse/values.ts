import type { FlagKind } from '../table/spec.ts';

export type FlagValue = string | boolean | number | readonly string[];

/** What a bad value is, as docker words it; `undefined` when it is good. */
export type Checked = { readonly value: string | number | boolean } | { readonly problem: string };

/** Go's strconv.ParseBool. */
export function parseBool(text: string): boolean | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  return undefined;
}

const UNITS = 'bkmgtp';

/** docker/go-units RAMInBytes: `512`, `512m`, `1.5GiB`, `20G`; powers of 1024. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtp])?(?:i?b)?$/i.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]) * 1024 ** Math.max(0, UNITS.indexOf((match[2] ?? 'b').toLowerCase()));
  return Number.isSafeInteger(Math.floor(value)) ? Math.floor(value) : undefined;
}

const DURATION: Readonly<Partial<Record<string, number>>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's time.ParseDuration, in milliseconds: `1h30m`, `1.5s`, `-10m`. */
export function parseDuration(text: string): number | undefined {
  const match = /^([+-])?((?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null) return undefined;
  let total = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(value) * DURATION[unit!]!;
  }
  return match[1] === '-' ? -total : total;
}

function checkInteger(text: string): Checked {
  const value = /^[+-]?(?:\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? { value } : { problem: `"${text}" is not a whole number` };
}

function checkDecimal(text: string): Checked {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? { value } : { problem: `"${text}" is not a number` };
}

/** Check the text of one flag by its kind. */
export function checkValue(kind: FlagKind, text: string): Checked {
  switch (kind) {
    case 'bool': {
      const value = parseBool(text);
      return value === undefined ? { problem: `"${text}" is neither true nor false` } : { value };
    }
    case 'int':
      return checkInteger(text);
    case 'decimal':
      return checkDecimal(text);
    case 'bytes': {
      const value = text === '-1' ? -1 : parseBytes(text);
      return value === undefined ? { problem: `invalid size: '${text}'` } : { value };
    }
    case 'duration': {
      const value = parseDuration(text);
      return value === undefined ? { problem: `invalid duration "${text}"` } : { value };
    }
    default:
      return { value: text };
  }
}
