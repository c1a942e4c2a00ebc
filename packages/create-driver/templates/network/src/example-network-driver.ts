import {
  type Attachment,
  type Endpoint,
  emptyAttachment,
  type NetworkCapabilities,
  type NetworkDriver,
  type NetworkSpec,
  StrataError,
} from '@strata/core';

/**
 * A sandbox with its loopback and nothing else. To make it a network: lease an address in `plan`, make the link in
 * `attach` from what `plan` returned, undo it in `detach` from the same data, and turn on the capabilities you keep.
 */
export class ExampleNetworkDriver implements NetworkDriver {
  readonly capabilities: NetworkCapabilities = {
    sandbox: true,
    publish: false,
    multiple: false,
    connects: false,
  };

  async createNetwork(): Promise<NetworkSpec> {
    throw new StrataError('unsupported', 'EXAMPLE_ONE_NETWORK', 'The driver example has exactly one network');
  }

  async removeNetwork(): Promise<void> {}

  async plan(endpoint: Endpoint): Promise<Attachment> {
    if (endpoint.ports.length > 0)
      throw new StrataError('unsupported', 'EXAMPLE_NO_PORTS', 'The driver example publishes no ports', {
        hint: 'Leave -p out, or choose another network',
      });
    const { id: endpointId, network, containerId, sandbox } = endpoint;
    return emptyAttachment({ endpointId, networkId: network.id, containerId, sandbox });
  }

  async attach(): Promise<void> {}

  async detach(): Promise<void> {}

  async list(): Promise<readonly string[]> {
    return [];
  }

  async restore(): Promise<void> {}
}
