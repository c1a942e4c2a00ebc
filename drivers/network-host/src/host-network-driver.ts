import { NullNetworkDriver } from '@strata/core';

/** The container shares the network namespace of the host. */
export class HostNetworkDriver extends NullNetworkDriver {
  constructor() {
    super({
      id: 'host',
      sandbox: false,
      connects: true,
      noPorts: {
        message:
          'A container on the network of the host cannot publish ports: all its ports are open already',
        hint: 'Leave -p out',
      },
    });
  }
}
