import type { DriverContext, DriverDefinition, Host, NetworkDriver } from '@strata/core';

/** A driver, and how other processes get at it. */
export interface NetworkSuiteTarget {
  readonly definition: DriverDefinition<'network'>;
  readonly host: Host;
  /** Roots are made and removed below it. */
  readonly directory: string;
  /** Modules that another process imports: the definition as default export, and `createHost`. */
  readonly modules: { readonly driver: string; readonly host: string };
  /** Of node, for those processes. */
  readonly nodeArguments: readonly string[];
}

export async function createNetworkDriver(target: NetworkSuiteTarget, root: string): Promise<NetworkDriver> {
  const { definition, host } = target;
  const checked = await definition.options['~standard'].validate({});
  if (checked.issues !== undefined) throw new Error(`the driver refuses its default options`);
  const signal = new AbortController().signal;
  const context: DriverContext = {
    root,
    runDirectory: root,
    options: checked.value,
    host,
    log: host.log,
    signal,
  };
  return definition.create(context);
}
