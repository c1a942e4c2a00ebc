import {
  type Attachment,
  type DriverContext,
  type Endpoint,
  isStrataError,
  type NetworkDriver,
  type NetworkFault,
  type NetworkSpec,
  StrataError,
} from '@strata/core';
import type { BridgeOptions } from './bridge-options.ts';
import { forgetContainerFlows, forgetHostFlows } from './conntrack-command.ts';
import { HostNetwork } from './host-network.ts';
import { readHostRoutes } from './host-routes.ts';
import { isExchangeFull, linkExists, type Pair } from './ip-command.ts';
import { type BridgeState, bridgeFull, lease, networkMissing } from './lease.ts';
import { LeaseStore } from './lease-store.ts';
import { NameService } from './name-service.ts';
import {
  bridgeName,
  checkedAddress,
  checkedId,
  checkedInterface,
  checkedInterfaceAddress,
  checkedMac,
  checkedSandbox,
  linkName,
  tableName,
} from './names.ts';
import { type Network, networkOf } from './network-record.ts';
import { checkedPort } from './port-errors.ts';
import { reservePorts } from './port-reservation.ts';
import { resolveNetwork } from './resolve-network.ts';
import { isSandbox } from './sandbox.ts';
import { refuseAdvertisements } from './sysctl.ts';

/** Other processes may take the ports the kernel offers; so many times in a row they do not. */
const PORT_TRIES = 32;

export class BridgeNetworkDriver implements NetworkDriver {
  readonly capabilities = { sandbox: true, publish: true, multiple: true, connects: true };
  readonly #context: DriverContext<BridgeOptions>;
  readonly #store: LeaseStore;
  readonly #network: HostNetwork;
  readonly #names: NameService;

  constructor(context: DriverContext<BridgeOptions>) {
    this.#context = context;
    this.#store = new LeaseStore(context.host.databases, context.root);
    this.#names = new NameService(this.#store, context);
    this.#network = new HostNetwork(this.#store, tableName(context.root), {
      exec: context.host.exec,
      log: context.log,
    });
  }

  async createNetwork(spec: NetworkSpec): Promise<NetworkSpec> {
    checkedId(spec.id, 'network');
    await using _lock = await this.#lock(false);
    const known = this.#store.network(spec.id);
    const network = known ?? (await this.#addNetwork(spec));
    try {
      await this.#network.raise();
    } catch (error) {
      if (known === undefined) await this.#dropNetwork(network).catch(() => {});
      throw error;
    }
    return network.spec;
  }

  async removeNetwork({ id }: NetworkSpec): Promise<void> {
    const bridge = bridgeName(id);
    await using _lock = await this.#lock(false);
    this.#store.beginRemoval(id);
    await this.#network.lower(bridge);
    await this.#names.forget(id);
    this.#store.forgetNetwork(id);
  }

  async plan(endpoint: Endpoint): Promise<Attachment> {
    const known = this.#store.attachment(endpoint.id);
    if (known !== undefined) return known;
    const network = this.#store.network(endpoint.network.id);
    if (network === undefined) throw networkMissing(endpoint);
    const ports = endpoint.ports.map((port) => checkedPort(port, network.spec));
    const named = endpoint.aliases.length > 0 && (await this.#canName(network));
    for (let tries = 1; ; tries++) {
      await using reserved = await reservePorts(ports);
      try {
        return this.#store.transaction(() => lease(this.#store, { endpoint, ports: reserved.ports, named }));
      } catch (error) {
        const fixed =
          isStrataError(error) && ports.some(({ hostPort }) => hostPort === error.context.hostPort);
        if (!isStrataError(error, 'PORT_IN_USE') || fixed || tries === PORT_TRIES) throw error;
      }
    }
  }

  async attach(attachment: Attachment): Promise<void> {
    try {
      await this.#attachOnce(attachment);
    } catch (error) {
      // After a reboot or a flush by someone else: make the host's side again and go on.
      if (!isStrataError(error, 'BRIDGE_GONE') && !isStrataError(error, 'FIREWALL_RULES_GONE')) throw error;
      await this.#reload();
      await this.#attachOnce(attachment);
    }
  }

  async setNames(attachment: Attachment, names: readonly string[]): Promise<Attachment> {
    await using _lock = await this.#lock(true);
    const renamed = this.#store.transaction(() => {
      const known = this.#store.attachment(attachment.endpointId);
      // One that began without a name server does not get one.
      if (known === undefined || known.nameservers.length === 0) return undefined;
      const next = { ...known, state: { ...known.state, names } };
      this.#store.setAttachment(next);
      return next;
    });
    if (renamed === undefined) return attachment;
    await this.#names.refresh([renamed.networkId]);
    return renamed;
  }

  async detach(attachment: Attachment): Promise<void> {
    const link = linkName(attachment.endpointId);
    await using _lock = await this.#lock(true);
    const known = this.#store.attachment(attachment.endpointId);
    // After a second detach its address and ports may be somebody else's.
    if (known === undefined && !linkExists(link)) return;
    const ours = known ?? { ...attachment, addresses: [], ports: [] };
    await this.#network.disconnect(ours);
    await forgetContainerFlows(this.#context.host.exec, ours);
    this.#store.removeEndpoint(attachment.endpointId);
    if (ours.nameservers.length > 0) await this.#names.refresh([ours.networkId]);
  }

  async list(): Promise<readonly string[]> {
    return this.#store.endpointIds();
  }

  async restore(networks: readonly NetworkSpec[], attachments: readonly Attachment[]): Promise<void> {
    this.#adopt(networks, attachments);
    await this.#reload();
    const named = attachments.filter(({ nameservers }) => nameservers.length > 0);
    if (named.length > 0) await this.#names.refresh([...new Set(named.map(({ networkId }) => networkId))]);
    const lost = attachments.filter(({ endpointId }) => !linkExists(linkName(endpointId)));
    for (const attachment of lost) if (await isSandbox(attachment.sandbox)) await this.attach(attachment);
  }

  async faults(
    networks: readonly NetworkSpec[],
    attachments: readonly Attachment[],
  ): Promise<readonly NetworkFault[]> {
    await using _lock = await this.#lock(true);
    const found: NetworkFault[] = networks
      .map(({ id, name }) => ({ subject: bridgeName(id), name }))
      .filter(({ subject }) => !linkExists(subject))
      .map(({ subject, name }) => ({
        subject,
        message: `The bridge ${subject} of the network ${name} is gone`,
      }));
    for (const { endpointId, containerId, sandbox } of attachments) {
      const subject = linkName(endpointId);
      if (linkExists(subject) || !(await isSandbox(sandbox))) continue;
      found.push({
        subject,
        message: `The link ${subject} to the container ${containerId.slice(0, 12)} is gone`,
      });
    }
    return networks.length === 0 ? found : [...found, ...(await this.#network.faults())];
  }

  async #attachOnce(attachment: Attachment): Promise<void> {
    const pair = pairOf(attachment);
    await using _lock = await this.#lock(true);
    if (!linkExists(pair.bridge)) throw bridgeGone(pair.bridge);
    if (linkExists(pair.link)) await this.#network.ip.disconnect(pair);
    const [linked, published, named] = await Promise.allSettled([
      this.#network.ip.connect(pair),
      this.#network.publish(attachment),
      attachment.nameservers.length > 0 ? this.#names.refresh([attachment.networkId]) : undefined,
    ]);
    try {
      if (linked.status === 'rejected') throw linked.reason;
      if (published.status === 'rejected') throw published.reason;
      if (named.status === 'rejected') throw named.reason;
      await refuseAdvertisements(pair.link);
      await forgetHostFlows(this.#context.host.exec, attachment);
    } catch (error) {
      await this.#network.disconnect(attachment).catch(() => {});
      throw isExchangeFull(error) ? bridgeFull(attachment.networkId) : error;
    }
  }

  async #addNetwork(spec: NetworkSpec): Promise<Network> {
    const routes = await readHostRoutes(this.#context.host.exec);
    return this.#store.transaction(() => {
      const taken = this.#store
        .networks()
        .flatMap(({ spec: { name }, segments }) => segments.map(({ subnet }) => ({ subnet, name })));
      const { options, root } = this.#context;
      const network = resolveNetwork(spec, { options, routes, taken, seed: root });
      this.#store.addNetwork(network);
      return network;
    });
  }

  async #dropNetwork({ spec, bridge }: Network): Promise<void> {
    this.#store.beginRemoval(spec.id);
    await this.#network.lower(bridge);
    this.#store.forgetNetwork(spec.id);
  }

  async #canName({ spec }: Network): Promise<boolean> {
    if (await this.#names.isAvailable()) return true;
    this.#context.log.warn(
      `Containers of ${spec.name} will not find each other by name: install aardvark-dns, then start them again`,
    );
    return false;
  }

  /** What the engine knows and this driver's database lost comes back from the engine. */
  #adopt(networks: readonly NetworkSpec[], attachments: readonly Attachment[]): void {
    this.#store.transaction(() => {
      const lost = networks.filter(
        ({ id, subnets }) => subnets.length > 0 && this.#store.network(id) === undefined,
      );
      for (const spec of lost) this.#store.addNetwork(networkOf(spec, Number(spec.options.mtu ?? 1500)));
      const ids = new Set(lost.map(({ id }) => id));
      for (const attachment of attachments.filter(({ networkId }) => ids.has(networkId)))
        if (this.#store.attachment(attachment.endpointId) === undefined)
          this.#store.addEndpoint(attachment, attachment.macAddress ?? attachment.endpointId);
    });
  }

  async #reload(): Promise<void> {
    await using _lock = await this.#lock(false);
    await this.#network.raise();
  }

  /** Shared by what changes one endpoint, exclusive for what makes all rules anew. */
  #lock(shared: boolean) {
    const { root, host, signal } = this.#context;
    return host.locks.acquire(`${root}/network.lock`, { shared, signal });
  }
}

function pairOf(attachment: Attachment): Pair {
  const { mtu, gateways } = attachment.state as BridgeState;
  return {
    link: linkName(attachment.endpointId),
    bridge: bridgeName(attachment.networkId),
    sandbox: checkedSandbox(attachment.sandbox),
    interfaceName: checkedInterface(attachment.interfaceName ?? ''),
    mac: checkedMac(attachment.macAddress ?? ''),
    mtu: Number(mtu),
    addresses: attachment.addresses.map(checkedInterfaceAddress),
    gateways: gateways.map(checkedAddress),
  };
}

function bridgeGone(bridge: string): StrataError {
  return new StrataError('not-found', 'BRIDGE_GONE', `The bridge ${bridge} does not exist`, {
    hint: '`strata network reload` makes bridges and rules again',
  });
}
