import { NullNetworkDriver } from '@strata/core';

/** The namespace itself is the whole network: the runtime makes it and brings its loopback up. */
export class NoNetworkDriver extends NullNetworkDriver {
  constructor() {
    super({
      id: 'none',
      sandbox: true,
      connects: false,
      noPorts: {
        message: 'A container without a network cannot publish ports',
        hint: 'Leave -p out, or choose another network',
      },
    });
  }
}
