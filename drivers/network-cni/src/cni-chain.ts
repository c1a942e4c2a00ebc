/** The operations of a configuration list (CNI specification 1.0, sections 3 and 4): a chain of plugins. */
import { StrataError } from '@strata/core';
import type { PluginRunner } from './cni-plugin.ts';
import { atLeast, type Conflist, type PluginConfig } from './conflist.ts';

export type CniResult = Readonly<Record<string, unknown>>;

/** What the chain is told of one container's interface; JSON, kept for DEL. */
export interface CniEndpoint {
  readonly conflist: Conflist;
  readonly containerId: string;
  readonly interfaceName: string;
  /** By capability: `portMappings`, `ips`, `mac`. */
  readonly runtimeConfig: Readonly<Record<string, unknown>>;
  readonly arguments: string;
}

export class CniChain {
  readonly #plugins: PluginRunner;

  constructor(plugins: PluginRunner) {
    this.#plugins = plugins;
  }

  /** In order, each with the result of the one before. When one fails, all are told to delete. */
  async add(endpoint: CniEndpoint, namespace: string): Promise<CniResult> {
    let result: CniResult | undefined;
    try {
      for (const plugin of endpoint.conflist.plugins) {
        const answer = await this.#call('ADD', plugin, { endpoint, namespace, result });
        if (typeof answer !== 'object' || answer === null)
          throw new StrataError(
            'internal',
            'CNI_RESULT_INVALID',
            `The CNI plugin ${plugin.type} gave no result`,
          );
        result = answer as CniResult;
      }
    } catch (error) {
      await this.delete(endpoint, namespace, result).catch(() => undefined);
      throw error;
    }
    return result ?? {};
  }

  /** Runtimes bring `lo` up by the plugin of that name, where it is installed. It needs no DEL. */
  async loopback(endpoint: CniEndpoint, namespace: string): Promise<void> {
    if (!(await this.#plugins.has('loopback'))) return;
    const { cniVersion } = endpoint.conflist;
    const config = { type: 'loopback', name: 'loopback', cniVersion };
    const { containerId } = endpoint;
    const call = { containerId, namespace, interfaceName: 'lo' };
    await this.#plugins.run({ command: 'ADD', type: 'loopback', config, ...call });
  }

  /** In reverse order, all of them, then the first error. `namespace` is empty when it is gone. */
  async delete(endpoint: CniEndpoint, namespace: string, result: CniResult | undefined): Promise<void> {
    const errors: unknown[] = [];
    for (const plugin of endpoint.conflist.plugins.toReversed())
      await this.#call('DEL', plugin, { endpoint, namespace, result }).catch((error) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }

  /** Is everything as the result says? Always true where the list cannot be checked. */
  async check(endpoint: CniEndpoint, namespace: string, result: CniResult): Promise<boolean> {
    const { conflist } = endpoint;
    if (conflist.disableCheck || !atLeast(conflist, '0.4.0')) return true;
    try {
      for (const plugin of conflist.plugins)
        await this.#call('CHECK', plugin, { endpoint, namespace, result });
      return true;
    } catch {
      return false;
    }
  }

  /** Let plugins drop what belongs to no attachment; from CNI 1.1 on they can. */
  async collect(conflist: Conflist, valid: readonly CniEndpoint[]): Promise<void> {
    if (conflist.disableGC || !atLeast(conflist, '1.1.0')) return;
    const attachments = valid.map(({ containerId, interfaceName }) => ({
      containerID: containerId,
      ifname: interfaceName,
    }));
    for (const plugin of conflist.plugins) {
      const config = { ...configOf(conflist, plugin), 'cni.dev/valid-attachments': attachments };
      await this.#plugins.run({ command: 'GC', type: plugin.type, config });
    }
  }

  #call(
    command: 'ADD' | 'DEL' | 'CHECK',
    plugin: PluginConfig,
    {
      endpoint,
      namespace,
      result,
    }: { endpoint: CniEndpoint; namespace: string; result: CniResult | undefined },
  ): Promise<unknown> {
    const { conflist, containerId, interfaceName } = endpoint;
    const wanted = Object.entries(endpoint.runtimeConfig).filter(
      ([name]) => plugin.capabilities?.[name] === true,
    );
    // DEL and CHECK get the final result of ADD, from CNI 0.4 on.
    const before = command === 'ADD' || atLeast(conflist, '0.4.0') ? result : undefined;
    const config = {
      ...configOf(conflist, plugin),
      ...(wanted.length > 0 ? { runtimeConfig: Object.fromEntries(wanted) } : {}),
      ...(before === undefined ? {} : { prevResult: before }),
    };
    const call = { containerId, interfaceName, namespace, arguments: endpoint.arguments };
    return this.#plugins.run({ command, type: plugin.type, config, ...call });
  }
}

/** Section 3: name and version of the list; what only the runtime reads goes. */
function configOf(
  { name, cniVersion }: Conflist,
  { capabilities: _, ...plugin }: PluginConfig,
): Readonly<Record<string, unknown>> {
  return { ...plugin, name, cniVersion };
}
