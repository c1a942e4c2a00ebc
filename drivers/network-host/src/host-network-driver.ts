import {
  type Attachment,
  type Endpoint,
  type NetworkCapabilities,
  type NetworkDriver,
  type NetworkSpec,
  StrataError,
} from '@strata/core';

/** The container shares the network namespace of the host; there is nothing to attach. */
export class HostNetworkDriver implements NetworkDriver {
  readonly capabilities: NetworkCapabilities = {
    sandbox: false,
    publish: false,
    multiple: false,
    connects: true,
  };

  async createNetwork(): Promise<NetworkSpec> {
    throw new StrataError('unsupported', 'NETWORK_FIXED', 'There is exactly one network of the driver host');
  }

  async removeNetwork(): Promise<void> {}

  async plan(endpoint: Endpoint): Promise<Attachment> {
    if (endpoint.ports.length > 0)
      throw new StrataError(
        'unsupported',
        'PUBLISH_UNSUPPORTED',
        'A container on the network of the host cannot publish ports: all its ports are open already',
        {
          hint: 'Leave -p out',
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
