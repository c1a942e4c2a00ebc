import type { DriverContext, DriverDefinition, Host, LayerDriver } from '@strata/core';

/** What a driver's author gives the suite. */
export interface LayerSuiteTarget {
  /** The package's default export. */
  readonly definition: DriverDefinition<'layer'>;
  readonly host: Host;
  /** Options the driver is created with, before its schema. Default none. */
  readonly options?: unknown;
  /** An empty directory where the driver is supported, new for every case. `dispose` may expect it to be empty. */
  createRoot(): Promise<{ readonly root: string; dispose(): Promise<void> }>;
}

/** A driver on a root, as the engine would make it; also with another host (faults) or as a second process would. */
export async function createDriver(
  target: LayerSuiteTarget,
  root: string,
  host: Host = target.host,
): Promise<LayerDriver> {
  return target.definition.create(await driverContext(target, root, host));
}

export async function driverContext(
  target: LayerSuiteTarget,
  root: string,
  host: Host = target.host,
): Promise<DriverContext> {
  const validated = await target.definition.options['~standard'].validate(target.options ?? {});
  if (validated.issues)
    throw new TypeError(`the driver refuses these options: ${JSON.stringify(validated.issues)}`);
  return {
    root,
    runDirectory: root,
    options: validated.value,
    host,
    log: host.log,
    signal: new AbortController().signal,
  };
}
