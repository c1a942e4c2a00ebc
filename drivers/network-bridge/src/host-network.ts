/** The host's side of all networks of a store: bridges, rules, settings. Made to match the leases, never remembered. */
import { type Attachment, type Exec, isStrataError, type Log, type NetworkFault } from '@strata/core';
import { formatAddress } from './cidr.ts';
import { ForwardPolicy } from './forward-policy.ts';
import { type BridgeLink, IpCommand, linkExists, type Port } from './ip-command.ts';
import type { LeaseStore } from './lease-store.ts';
import { bridgeName, checkedInterfaceAddress, checkedMac, derivedMac, linkName } from './names.ts';
import type { Network } from './network-record.ts';
import { type ForwardChain, NftCommand, rulesGone } from './nft-command.ts';
import {
  addLines,
  advertisementRules,
  baseRules,
  deleteLines,
  networkElements,
  portElements,
} from './ruleset.ts';
import { enableForwarding, tuneBridge } from './sysctl.ts';

export class HostNetwork {
  readonly ip: IpCommand;
  readonly #nft: NftCommand;
  readonly #policy: ForwardPolicy;
  readonly #store: LeaseStore;
  readonly #table: string;
  readonly #log: Log;

  constructor(store: LeaseStore, table: string, { exec, log }: { exec: Exec; log: Log }) {
    this.ip = new IpCommand(exec);
    this.#nft = new NftCommand(exec);
    this.#policy = new ForwardPolicy(this.#nft, exec, log);
    this.#store = store;
    this.#table = table;
    this.#log = log;
  }

  /** Make bridges and rules of every network match the store. The caller holds the lock exclusively. */
  async raise(): Promise<void> {
    const networks = this.#store.networks();
    if (networks.length === 0) return this.#dropRules();
    const attachments = this.#store.attachments();
    await settleAll([this.#raiseBridges(networks, attachments), this.#raiseRules(networks, attachments)]);
  }

  /** Publish ports of an endpoint, and see in the same call whether a firewall was closed meanwhile. */
  async publish(attachment: Attachment): Promise<void> {
    const chains = await this.#nft.applyAndList(addLines(this.#table, portElements(attachment)));
    if (!hasTable(chains, this.#table)) throw rulesGone();
    if (await this.#policy.isAdmitted(this.#store.admitted(attachment.networkId), chains)) return;
    const network = this.#store.network(attachment.networkId);
    if (network !== undefined) await this.#admit([network], chains);
  }

  /** Of the rules. */
  async faults(): Promise<readonly NetworkFault[]> {
    if (hasTable(await this.#nft.applyAndList(''), this.#table)) return [];
    const subject = `table inet ${this.#table}`;
    return [{ subject, message: `The firewall rules of the networks (${subject}) are gone` }];
  }

  /** Links, neighbours and ports of an endpoint. Idempotent, also when bridge or table are gone. */
  async disconnect(attachment: Attachment): Promise<void> {
    const { endpointId, networkId } = attachment;
    const addresses = attachment.addresses.map(checkedInterfaceAddress);
    const link = { link: linkName(endpointId), bridge: bridgeName(networkId), addresses };
    await settleAll([this.ip.disconnect(link), this.#unpublish(attachment)]);
  }

  async #unpublish(attachment: Attachment): Promise<void> {
    const elements = portElements(attachment);
    if (elements.length === 0) return;
    try {
      await this.#nft.apply(deleteLines(this.#table, elements));
    } catch (error) {
      if (!isStrataError(error, 'FIREWALL_RULES_GONE')) throw error;
    }
  }

  /** Take one network down that the store has let go already. */
  async lower(bridge: string): Promise<void> {
    const chains = await this.#nft.applyAndList('');
    await this.#policy.dismiss([bridge], chains);
    await settleAll([this.raise(), this.ip.removeBridge(bridge)]);
  }

  async #raiseBridges(networks: readonly Network[], attachments: readonly Attachment[]): Promise<void> {
    const known = new Set(networks.map(({ spec }) => spec.id));
    const ports = attachments.filter(({ networkId }) => known.has(networkId)).map(portOf);
    const present = ports.filter(({ link }) => linkExists(link));
    await this.ip.ensureBridges(networks.map(bridgeLink), present);
    await Promise.all(networks.map(({ bridge }) => tuneBridge(bridge)));
    if (networks.some(({ spec }) => !spec.internal))
      await enableForwarding(networks.some(({ segments }) => segments.length > 1));
  }

  async #raiseRules(networks: readonly Network[], attachments: readonly Attachment[]): Promise<void> {
    const elements = [...networks.flatMap(networkElements), ...attachments.flatMap(portElements)];
    const chains = await this.#nft.applyAndList(
      `${dropLines('inet', this.#table)}${baseRules(this.#table)}${addLines(this.#table, elements)}`,
    );
    this.#policy.warn(chains);
    await this.#admit(networks, chains);
    await this.#nft.apply(advertisementRules(this.#table)).catch((error) => {
      this.#log.warn('This kernel cannot filter on bridges; containers could send router advertisements', {
        error,
      });
    });
  }

  async #admit(networks: readonly Network[], chains: readonly ForwardChain[]): Promise<void> {
    const bridges = networks.map(({ bridge }) => bridge);
    const admitted = await this.#policy.admit(bridges, chains);
    const ids = networks.map(({ spec }) => spec.id);
    this.#store.setAdmitted(ids, admitted);
  }

  async #dropRules(): Promise<void> {
    await this.#nft.apply(dropLines('inet', this.#table));
    await this.#nft.apply(dropLines('bridge', this.#table)).catch(() => {});
  }
}

function hasTable(chains: readonly ForwardChain[], name: string): boolean {
  return chains.some(({ family, table }) => family === 'inet' && table === name);
}

function bridgeLink({ bridge, mtu, segments, spec }: Network): BridgeLink {
  const addresses = segments.map(({ gateway, subnet }) => `${formatAddress(gateway)}/${subnet.prefix}`);
  return { name: bridge, mac: derivedMac(spec.id, segments[0]!.gateway), mtu, addresses };
}

function portOf({ endpointId, networkId, addresses, macAddress }: Attachment): Port {
  return {
    link: linkName(endpointId),
    bridge: bridgeName(networkId),
    mac: checkedMac(macAddress ?? ''),
    addresses: addresses.map(checkedInterfaceAddress),
  };
}

/** Adding first: there is no idempotent delete before nft 1.0.7. */
function dropLines(family: string, table: string): string {
  return `add table ${family} ${table}\ndelete table ${family} ${table}\n`;
}

/** All, then what the first of them threw: what is still being made could not be undone. */
async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises))
    if (result.status === 'rejected') throw result.reason;
}
