import {
  type Attachment,
  type Endpoint,
  type NetworkCapabilities,
  type NetworkDriver,
  type NetworkSpec,
  StrataError,
} from '@strata/core';

/** The namespace itself is the whole network: the runtime makes it and brings its loopback up. */
export class NoNetworkDriver implements NetworkDriver {
  readonly capabilities: NetworkCapabilities = {
    sandbox: true,
    publish: false,
    multiple: false,
    connects: false,
  };

  async createNetwork(): Promise<NetworkSpec> {
    throw new StrataError('unsupported', 'NETWORK_FIXED', 'There is exactly one network of the driver none');
  }

  async removeNetwork(): Promise<void> {}

  async plan(endpoint: Endpoint): Promise<Attachment> {
    if (endpoint.ports.length > 0)
      throw new StrataError(
        'unsupported',
        'PUBLISH_UNSUPPORTED',
        'A container without a network cannot publish ports',
        {
          hint: 'Leave -p out, or choose another network',
        },
      );
    return {
      endpointId: endpoint.id,
      networkId: endpoint.network.id,
      containerId: endpoint.containerId,
      sandbox: endpoint.sandbox,
      interfaceName: undefined,
      addresses: [],
      gateway: undefined,
      macAddress: undefined,
      ports: [],
      nameservers: [],
      state: {},
    };
  }

  async attach(): Promise<void> {}

  async detach(): Promise<void> {}

  async list(): Promise<readonly string[]> {
    return [];
  }

  async restore(): Promise<void> {}
}
