/** HEALTHCHECK: of the image (hostile), of the request, and what both come to. Docker's defaults and inheritance. */
import type { HealthcheckRequest } from '../../api/containers.ts';
import { invalidRequest } from '../check-request.ts';
import type { ContainerConfig, HealthConfig } from '../container-config.ts';

const nanoseconds = 1e6;
/** As long as a timer can be, in milliseconds: 24 days. */
const longest = 2 ** 31 - 1;
/** Shortest interval, in milliseconds, that an image may ask for: a probe costs two processes. */
const shortestOfImage = 1000;
const longestTest = 64 * 1024;
const times = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const;
const requested = {
  interval: 'Interval',
  timeout: 'Timeout',
  startPeriod: 'StartPeriod',
  startInterval: 'StartInterval',
} as const;

/** What to do, in milliseconds. */
export interface HealthPlan {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** Is there anything to run, and how? Bears with what an older version stored. */
export function healthPlan({
  healthcheck,
  shell,
}: Pick<ContainerConfig, 'healthcheck' | 'shell'>): HealthPlan | undefined {
  const { Test, Retries } = healthcheck ?? {};
  if (!isTest(Test) || Test[0] === 'NONE') return undefined;
  const line = Test.slice(1);
  const time = (name: (typeof times)[number], standard: number) => {
    const value = healthcheck?.[name];
    return isTime(value) && value > 0 ? Math.min(longest, Math.ceil(value / nanoseconds)) : standard;
  };
  return {
    command: Test[0] === 'CMD' ? line : [...(shell ?? ['/bin/sh', '-c']), ...line],
    interval: time('Interval', 30_000),
    timeout: time('Timeout', 30_000),
    startPeriod: time('StartPeriod', 0),
    startInterval: time('StartInterval', 5_000),
    retries: isTime(Retries) && Retries > 0 ? Retries : 3,
  };
}

/** What the request leaves open is the image's. @throws invalid-argument */
export function mergeHealthcheck(
  request: HealthcheckRequest | undefined,
  image: Readonly<Record<string, unknown>> | undefined,
  warnings: string[],
): HealthConfig | undefined {
  const merged = { ...ofImage(image, warnings), ...(request === undefined ? {} : ofRequest(request)) };
  const { Test } = merged;
  if (Test !== undefined) return Test[0] === 'NONE' ? { Test } : { ...merged, Test };
  if (request !== undefined)
    warnings.push('The health options have no effect: neither they nor the image name a command');
  return undefined;
}

type Parts = Partial<HealthConfig>;

function ofRequest(request: HealthcheckRequest): Parts {
  const { test, retries } = request;
  const parts: { -readonly [Key in keyof Parts]: Parts[Key] } = {};
  if (test !== undefined) {
    if (!isTest(test))
      throw invalidRequest(
        'health check',
        'must be NONE, or CMD or CMD-SHELL and a command of at most 64 KiB',
      );
    parts.Test = test;
  }
  for (const [name, field] of Object.entries(requested)) {
    const value = request[name as keyof typeof requested];
    // Zero asks for what the image says, as Docker's flags do.
    if (value === undefined || value === 0) continue;
    if (!(value >= 1 && value <= longest))
      throw invalidRequest(`${name} of the health check`, 'must be from a millisecond to 24 days');
    parts[field] = Math.round(value * nanoseconds);
  }
  if (retries !== undefined && retries !== 0) {
    if (!isTime(retries) || retries >= 2 ** 31)
      throw invalidRequest('number of retries of the health check', 'must be a whole number, not negative');
    parts.Retries = retries;
  }
  return parts;
}

function ofImage(image: Readonly<Record<string, unknown>> | undefined, warnings: string[]): Parts {
  if (image === undefined || image === null) return {};
  const { Test } = image;
  if (!isTest(Test)) {
    if (Array.isArray(Test) && Test.length > 0)
      warnings.push("The image's HEALTHCHECK is none that is known; it is ignored");
    return {};
  }
  const parts: Record<string, number> = {};
  for (const name of [...times, 'Retries'] as const) {
    const value = image[name];
    if (isTime(value) && value > 0) parts[name] = value;
  }
  for (const name of ['Interval', 'StartInterval'] as const)
    if ((parts[name] ?? Number.POSITIVE_INFINITY) < shortestOfImage * nanoseconds) {
      warnings.push("The image's HEALTHCHECK has an interval below a second; a second is taken");
      parts[name] = shortestOfImage * nanoseconds;
    }
  return { Test, ...parts };
}

function isTest(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || !value.every((word) => typeof word === 'string')) return false;
  const [kind, ...words] = value as string[];
  if (kind === 'NONE') return words.length === 0;
  if ((kind !== 'CMD' && kind !== 'CMD-SHELL') || words[0] === undefined || words[0] === '') return false;
  const text = words.join('\0');
  return text.length <= longestTest && !words.some((word) => word.includes('\0'));
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
