import assert from 'node:assert/strict';
import {
  type DriverContext,
  type DriverDefinition,
  type DriverKind,
  type DriverKinds,
  driverApiVersions,
  type Host,
} from '@strata/core';

/** What a driver's author gives a suite. */
export interface DriverSuiteTarget<Kind extends DriverKind> {
  /** The package's default export. */
  readonly definition: DriverDefinition<Kind>;
  readonly host: Host;
  /** Options the driver is created with, before its schema. Default none. */
  readonly options?: unknown;
  /** An empty directory where the driver is supported, new for every case. */
  createRoot(): Promise<{ readonly root: string; dispose(): Promise<void> }>;
}

/** A driver on a root, as the engine would make it; also as a second process would. */
export async function createOn<Kind extends DriverKind>(
  target: DriverSuiteTarget<Kind>,
  root: string,
): Promise<DriverKinds[Kind]> {
  return target.definition.create(await contextOn(target, root));
}

export async function contextOn(target: DriverSuiteTarget<DriverKind>, root: string): Promise<DriverContext> {
  const validated = await target.definition.options['~standard'].validate(target.options ?? {});
  if (validated.issues)
    throw new TypeError(`the driver refuses these options: ${JSON.stringify(validated.issues)}`);
  const { host } = target;
  const { signal } = new AbortController();
  return { root, runDirectory: root, options: validated.value, host, log: host.log, signal };
}

/** What holds for the definition of any kind. */
export async function assertDefinition<Kind extends DriverKind>(
  target: DriverSuiteTarget<Kind>,
  kind: Kind,
  root: string,
): Promise<void> {
  const { definition } = target;
  assert.equal(definition.kind, kind);
  assert.match(definition.id, /^[a-z][a-z0-9-]{0,31}$/);
  assert.equal(definition.apiVersion, driverApiVersions[kind], 'the contract version it was written for');
  assert.ok(definition.summary.length > 0 && !definition.summary.includes('\n'), 'the summary is one line');
  const context = await contextOn(target, root);
  const first = await definition.probe(context);
  assert.ok(first.supported, `the probe says no here: ${first.supported ? '' : first.reason}`);
  assert.deepEqual(await definition.probe(context), first, 'a probe can be asked again');
}
