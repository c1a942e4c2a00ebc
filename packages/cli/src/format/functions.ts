import { TemplateError } from './lexer.ts';

export type TemplateFunction = (...values: readonly never[]) => unknown;

/** fmt's `%v`. */
export function show(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, inner]) => `${key}:${show(inner)}`).join(' ')}]`;
  }
  return String(value);
}

/** Go's truth: false, 0, "", nil and empty collections are false. */
export function truth(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '';
}

/** encoding/json escapes what would break inside HTML; docker's output has these escapes. */
export function json(value: unknown): string {
  return JSON.stringify(value ?? null).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** fmt.Sprintf for the verbs templates use: %s %v %d %q %x %f %g %t %c %%, with flags, width and precision. */
export function sprintf(format: string, ...values: unknown[]): string {
  let next = 0;
  return format.replace(/%([-+0 #]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g, (_, flags, width, precision, verb) => {
    if (verb === '%') return '%';
    if (next >= values.length) return `%!${verb}(MISSING)`;
    let text = verbText(verb, values[next++], precision === undefined ? undefined : Number(precision));
    if (flags.includes('+') && /[dfg]/.test(verb) && !text.startsWith('-')) text = `+${text}`;
    const size = Number(width ?? 0);
    if (flags.includes('-')) return text.padEnd(size);
    return text.padStart(size, flags.includes('0') && /[dxfg]/.test(verb) ? '0' : ' ');
  });
}

function verbText(verb: string, value: unknown, precision: number | undefined): string {
  if (verb === 'q') return JSON.stringify(show(value));
  if (verb === 'x') {
    return typeof value === 'number' ? value.toString(16) : Buffer.from(show(value)).toString('hex');
  }
  if (verb === 'f') return Number(value).toFixed(precision ?? 6);
  if (verb === 'd') return Number.isInteger(value) ? String(value) : `%!d(${typeof value}=${show(value)})`;
  if (verb === 'c') return String.fromCodePoint(Number(value));
  const text = show(value);
  return precision === undefined || verb === 'g' ? text : [...text].slice(0, precision).join('');
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new TemplateError(`error calling len: len of type ${typeof value}`);
}

/** Go's zero value of what a map holds, here labels or options when all it holds is text: scripts test for the empty string. */
function zeroOf(map: object): unknown {
  return Object.values(map).every((value) => typeof value === 'string') ? '' : undefined;
}

function index(value: unknown, ...keys: readonly (string | number)[]): unknown {
  let current = value;
  for (const key of keys) {
    if (Array.isArray(current)) {
      const at = Number(key);
      if (!(at >= 0 && at < current.length))
        throw new TemplateError(`error calling index: index out of range: ${key}`);
      current = current[at];
    } else if (typeof current === 'object' && current !== null) {
      current = Object.hasOwn(current, key) ? (current as Record<string, unknown>)[key] : zeroOf(current);
    } else if (current === null) {
      current = '';
    } else throw new TemplateError('error calling index: index of untyped nil');
  }
  return current;
}

function slice(value: string | readonly unknown[], from = 0, to?: number): unknown {
  return typeof value === 'string' ? Buffer.from(value).subarray(from, to).toString() : value.slice(from, to);
}

function print(...values: readonly unknown[]): string {
  return values
    .map((value, at) => {
      const spaced = at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string';
      return `${spaced ? ' ' : ''}${show(value)}`;
    })
    .join('');
}

const order = (a: never, b: never): number => (a < b ? -1 : a > b ? 1 : 0);
const title = (text: string): string => text.replace(/\b\p{L}/gu, (letter) => letter.toUpperCase());

/** text/template's and docker's functions (docker/cli templates/templates.go). */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  and: (...values: readonly unknown[]) => values.find((value) => !truth(value)) ?? values.at(-1),
  or: (...values: readonly unknown[]) => values.find((value) => truth(value)) ?? values.at(-1),
  not: (value: unknown) => !truth(value),
  eq: (first: unknown, ...others: readonly unknown[]) => others.some((other) => other === first),
  ne: (a: unknown, b: unknown) => a !== b,
  lt: (a: never, b: never) => order(a, b) < 0,
  le: (a: never, b: never) => order(a, b) <= 0,
  gt: (a: never, b: never) => order(a, b) > 0,
  ge: (a: never, b: never) => order(a, b) >= 0,
  len: length,
  index,
  slice,
  json,
  print,
  println: (...values: readonly unknown[]) => `${values.map(show).join(' ')}\n`,
  printf: sprintf,
  html: (value: unknown) => show(value).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`),
  urlquery: (value: unknown) => encodeURIComponent(show(value)),
  join: (values: readonly unknown[] | null, separator: string) => (values ?? []).map(show).join(separator),
  split: (text: string, separator: string) => text.split(separator),
  lower: (text: string) => text.toLowerCase(),
  upper: (text: string) => text.toUpperCase(),
  title,
  pad: (text: string, before: number, after: number) => ' '.repeat(before) + text + ' '.repeat(after),
  truncate: (text: string, size: number) => [...text].slice(0, size).join(''),
};
