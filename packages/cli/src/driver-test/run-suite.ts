import {
  cgroupDriverCases,
  imageStoreCases,
  layerDriverCases,
  openCgroupContext,
  openImageContext,
  openLayerContext,
  openRuntimeContext,
  runCases,
  runtimeDriverCases,
} from '@strata/conformance';
import { networkDriverCases } from '@strata/conformance/network';
import type { AnyDriverDefinition, Host } from '@strata/core';
import { isStrataError, StrataError } from '@strata/core';
import { networkResults } from './network-run.ts';
import { emptyDirectories, type Place, placeFor } from './place.ts';
import { Warnings } from './warnings.ts';

export interface DriverUnderTest {
  readonly definition: AnyDriverDefinition;
  /** URL of a module whose default export it is, for other processes. */
  readonly module: string;
}

export interface SuiteOptions {
  readonly host: Host;
  readonly filesystem: string | undefined;
  /** Only cases whose name contains one of these; all without any. */
  readonly only: readonly string[];
  /** Milliseconds one case may take. */
  readonly timeout: number;
  /** `node` arguments and modules for other processes. */
  readonly elsewhere: { readonly program: readonly string[]; readonly host: string };
}

export type SuiteResult =
  | {
      readonly name: string;
      readonly outcome: 'passed';
      readonly milliseconds: number;
      /** What the driver logged as a warning: that it took another way, for one. */
      readonly warnings?: readonly string[];
    }
  | {
      readonly name: string;
      readonly outcome: 'failed';
      readonly milliseconds: number;
      readonly error: string;
      readonly warnings?: readonly string[];
    }
  | { readonly name: string; readonly outcome: 'excluded'; readonly reason: string };

export interface SuiteRun extends AsyncDisposable {
  /** What it runs on, for the report: `ext4`, `a network namespace`. */
  readonly place: string;
  readonly results: AsyncIterable<SuiteResult>;
}

/** Set up what the kind of driver needs; the cases run as `results` is read. @throws unsupported, when the probe says no */
export async function runSuite(driver: DriverUnderTest, options: SuiteOptions): Promise<SuiteRun> {
  const { definition } = driver;
  const place = await placeFor(definition, options.host, options.filesystem);
  const results = wanted(definition, place, driver, options);
  return { place: place.name, results, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
}

function wanted(
  definition: AnyDriverDefinition,
  place: Place,
  driver: DriverUnderTest,
  options: SuiteOptions,
): AsyncIterable<SuiteResult> {
  const warnings = new Warnings();
  const host = { ...options.host, log: warnings };
  const roots = emptyDirectories(place.directory);
  switch (definition.kind) {
    case 'layer':
      return inProcess(openLayerContext({ definition, host, ...roots }), layerDriverCases, {
        ...options,
        warnings,
      });
    case 'image':
      return inProcess(openImageContext({ definition, host, ...roots }), imageStoreCases, {
        ...options,
        warnings,
      });
    case 'cgroup':
      return inProcess(openCgroupContext({ definition, host, ...roots }), cgroupDriverCases, {
        ...options,
        warnings,
      });
    case 'runtime':
      return inProcess(openRuntimeContext({ definition, host, ...roots }), runtimeDriverCases, {
        ...options,
        warnings,
      });
    default:
      return networkResults(driver, {
        ...options,
        directory: place.directory,
        only: chosen(networkDriverCases, options),
      });
  }
}

function chosen(cases: readonly { readonly name: string }[], { only }: SuiteOptions): string[] {
  const names = cases.map(({ name }) => name);
  const kept = only.length === 0 ? names : names.filter((name) => only.some((part) => name.includes(part)));
  if (kept.length > 0) return kept;
  throw new StrataError('invalid-argument', 'CASE_UNKNOWN', `No case has ${only.join(' or ')} in its name`, {
    hint: `Names look like ${names[0]}`,
  });
}

async function* inProcess<Context, Traits>(
  target: Parameters<typeof runCases<Context, Traits>>[0],
  cases: Parameters<typeof runCases<Context, Traits>>[1],
  options: SuiteOptions & { readonly warnings: Warnings },
): AsyncGenerator<SuiteResult> {
  const names = new Set(chosen(cases, options));
  const patience = { milliseconds: options.timeout };
  for await (const result of runCases(
    target,
    cases.filter(({ name }) => names.has(name)),
    patience,
  )) {
    const warnings = options.warnings.take();
    if (result.outcome === 'excluded') yield result;
    else {
      const noted = warnings.length > 0 ? { ...result, warnings } : result;
      yield noted.outcome === 'failed' ? { ...noted, error: describe(noted.error) } : noted;
    }
  }
}

/** Message, code, and where in the case it happened. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = isStrataError(error) ? ` (${error.kind}, ${error.code})` : '';
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.message}` : '';
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes('node:'));
  return [`${error.message}${code}${cause}`, ...frames.slice(0, 3).map((line) => line.trim())].join('\n');
}
