import { StrataError } from '../errors/strata-error.ts';
import { emptyAttachment } from './empty-attachment.ts';
import type {
  Attachment,
  Endpoint,
  NetworkCapabilities,
  NetworkDriver,
  NetworkSpec,
} from './network-driver.ts';

export interface NullNetwork {
  /** The driver's id, which is also the name of its one network. */
  readonly id: string;
  /** The engine makes a namespace for the container; else it joins the host's. */
  readonly sandbox: boolean;
  readonly connects: boolean;
  /** Why `-p` is refused, and what to do instead. */
  readonly noPorts: { readonly message: string; readonly hint: string };
}

/** A driver with one network and nothing to attach to it: the namespace a container starts in is all there is. */
export class NullNetworkDriver implements NetworkDriver {
  readonly capabilities: NetworkCapabilities;
  readonly #network: NullNetwork;

  constructor(network: NullNetwork) {
    const { sandbox, connects } = network;
    this.capabilities = { sandbox, connects, publish: false, multiple: false };
    this.#network = network;
  }

  async createNetwork(): Promise<NetworkSpec> {
    const message = `There is exactly one network of the driver ${this.#network.id}`;
    throw new StrataError('unsupported', 'NETWORK_FIXED', message);
  }

  async removeNetwork(): Promise<void> {}

  async plan({ id, network, containerId, sandbox, ports }: Endpoint): Promise<Attachment> {
    const { message, hint } = this.#network.noPorts;
    if (ports.length > 0) throw new StrataError('unsupported', 'PUBLISH_UNSUPPORTED', message, { hint });
    return emptyAttachment({ endpointId: id, networkId: network.id, containerId, sandbox });
  }

  async attach(): Promise<void> {}

  async detach(): Promise<void> {}

  async list(): Promise<readonly string[]> {
    return [];
  }

  async restore(): Promise<void> {}
}
