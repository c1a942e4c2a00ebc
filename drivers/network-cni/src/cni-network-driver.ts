import {
  type Attachment,
  type DriverContext,
  type Endpoint,
  emptyAttachment,
  type NetworkDriver,
  type NetworkSpec,
  type PublishedPort,
  StrataError,
} from '@strata/core';
import { CniChain, type CniEndpoint } from './cni-chain.ts';
import type { CniOptions } from './cni-options.ts';
import { PluginRunner } from './cni-plugin.ts';
import { learnedFrom } from './cni-result.ts';
import { type Conflist, hasCapability, pluginTypes, readConflist } from './conflist.ts';
import { EndpointStore, type StoredEndpoint } from './endpoint-store.ts';
import { reservePorts } from './reserve-ports.ts';
import { sandboxOf, withSandbox } from './stand-in.ts';

/** Networks are configuration lists; plugins choose addresses at ADD, so plans have none. */
export class CniNetworkDriver implements NetworkDriver {
  readonly capabilities = { sandbox: true, publish: true, multiple: false, connects: true };
  readonly describedBy = 'conflist';
  readonly #context: DriverContext<CniOptions>;
  readonly #store: EndpointStore;
  readonly #chain: CniChain;

  constructor(context: DriverContext<CniOptions>) {
    this.#context = context;
    this.#store = new EndpointStore(context.host.databases, context.root);
    this.#chain = new CniChain(new PluginRunner(context.host.exec, context.options.plugins));
  }

  async createNetwork(spec: NetworkSpec): Promise<NetworkSpec> {
    checkSpec(spec);
    const conflist = await this.#conflist(spec);
    const plugins = new PluginRunner(this.#context.host.exec, this.#context.options.plugins);
    for (const type of pluginTypes(conflist)) await plugins.find(type);
    return spec;
  }

  async removeNetwork(): Promise<void> {}

  async plan(endpoint: Endpoint): Promise<Attachment> {
    const known = this.#store.get(endpoint.id);
    if (known !== undefined) return known.attachment;
    const conflist = await this.#conflist(endpoint.network);
    if (endpoint.ports.length > 0 && !hasCapability(conflist, 'portMappings')) throw noPorts(conflist);
    await using reserved = await reservePorts(endpoint.ports);
    const attachment = planned(endpoint, reserved.ports);
    return this.#store.add(attachment, told(endpoint, conflist, reserved.ports));
  }

  /** A second time it is checked, and made anew only when something is missing. */
  async attach(attachment: Attachment): Promise<Attachment> {
    await using _lock = await this.#lock(attachment.endpointId);
    const stored = this.#store.get(attachment.endpointId);
    if (stored === undefined) throw unplanned(attachment);
    const namespace = await sandboxOf(attachment);
    if (namespace === '') throw noSandbox(attachment);
    const { endpoint, result } = stored;
    if (result !== undefined) {
      if (await this.#chain.check(endpoint, namespace, result)) return stored.attachment;
      await this.#chain.delete(endpoint, namespace, result);
    }
    await this.#chain.loopback(endpoint, namespace);
    const made = await this.#chain.add(endpoint, namespace);
    const complete = { ...attachment, ...learnedFrom(made, endpoint.interfaceName) };
    this.#store.setResult(complete, made);
    return complete;
  }

  /** DEL also where ADD failed or never came to its end: plugins must tolerate it (section 2). */
  async detach({ endpointId }: Attachment): Promise<void> {
    await using _lock = await this.#lock(endpointId);
    const stored = this.#store.get(endpointId);
    if (stored === undefined) return;
    const { attachment, endpoint, result } = stored;
    const { host, runDirectory } = this.#context;
    await withSandbox(host, { attachment, path: `${runDirectory}/${endpointId}.netns` }, (namespace) =>
      this.#chain.delete(endpoint, namespace, result),
    );
    this.#store.remove(endpointId);
  }

  async list(): Promise<readonly string[]> {
    return this.#store.ids();
  }

  /** Garbage first, then everybody whose sandbox is still there, with the addresses they had. */
  async restore(networks: readonly NetworkSpec[], attachments: readonly Attachment[]): Promise<void> {
    const stored = attachments
      .map(({ endpointId }) => this.#store.get(endpointId))
      .filter((one): one is StoredEndpoint => one !== undefined);
    for (const network of networks) {
      const own = stored.filter(({ attachment }) => attachment.networkId === network.id);
      await this.#chain.collect(
        await this.#conflist(network),
        own.map(({ endpoint }) => endpoint),
      );
    }
    for (const { attachment } of stored)
      if ((await sandboxOf(attachment)) !== '') await this.attach(attachment);
  }

  #conflist({ options }: NetworkSpec): Promise<Conflist> {
    const configured = this.#context.options;
    return readConflist(
      options.conflist === undefined ? configured : { ...configured, conflist: options.conflist },
    );
  }

  #lock(endpoint: string) {
    const { runDirectory, host, signal } = this.#context;
    return host.locks.acquire(`${runDirectory}/${endpoint}.lock`, { signal });
  }
}

/** All but the list is the list's to say. */
function checkSpec({ options, subnets, gateway, ipRange, internal, ipv6 }: NetworkSpec): void {
  const { conflist, ...others } = options;
  const [unknown] = Object.keys(others);
  if (conflist === undefined)
    throw new StrataError(
      'unsupported',
      'NETWORK_FIXED',
      'A network of the driver cni is what a configuration list describes',
      { hint: 'Name one: --opt conflist=/path/of.conflist' },
    );
  if (unknown !== undefined)
    throw invalid(`The driver cni has no network option ${JSON.stringify(unknown)}`, 'It has one: conflist');
  if (!conflist.startsWith('/') || conflist.includes('\0'))
    throw invalid('The conflist must be an absolute path', 'Write it as --opt conflist=/path/of.conflist');
  if (subnets.length > 0 || gateway !== undefined || ipRange !== undefined || internal || ipv6)
    throw invalid(
      'Subnets, gateway, IPv6 and isolation of a CNI network are what its configuration list says',
      'Leave the flags out and write it in the list',
    );
}

function invalid(message: string, hint: string): StrataError {
  return new StrataError('invalid-argument', 'NETWORK_REQUEST_INVALID', message, { hint });
}

function planned(endpoint: Endpoint, ports: readonly PublishedPort[]): Attachment {
  const { id, network, containerId, sandbox, interfaceName, macAddress } = endpoint;
  const whose = { endpointId: id, networkId: network.id, containerId, sandbox };
  return { ...emptyAttachment(whose), interfaceName, macAddress, ports };
}

/** Capabilities where plugins have them, CNI_ARGS for those that only know these. */
function told(endpoint: Endpoint, conflist: Conflist, ports: readonly PublishedPort[]): CniEndpoint {
  const { ip, ip6, macAddress, containerId, interfaceName, aliases } = endpoint;
  const ips = [ip, ip6].filter((address) => address !== undefined);
  const args = [
    'IgnoreUnknown=1',
    ...(ip === undefined ? [] : [`IP=${ip}`]),
    ...(macAddress === undefined ? [] : [`MAC=${macAddress}`]),
  ];
  return {
    conflist,
    containerId,
    interfaceName,
    runtimeConfig: {
      ...(ports.length > 0 ? { portMappings: ports.map(mapping) } : {}),
      ...(ips.length > 0 ? { ips } : {}),
      ...(macAddress === undefined ? {} : { mac: macAddress }),
      ...(aliases.length > 0 ? { aliases: { [conflist.name]: aliases } } : {}),
    },
    arguments: args.join(';'),
  };
}

/** CONVENTIONS.md of CNI; an empty address means all. */
function mapping({ hostIp, hostPort, containerPort, protocol }: PublishedPort) {
  const wildcard = hostIp === '0.0.0.0' || hostIp === '::';
  return { hostPort, containerPort, protocol, ...(wildcard ? {} : { hostIP: hostIp }) };
}

function noPorts({ name }: Conflist): StrataError {
  return new StrataError(
    'unsupported',
    'PUBLISH_UNSUPPORTED',
    `No plugin of the CNI network ${name} has the capability portMappings`,
    { hint: 'Add {"type": "portmap", "capabilities": {"portMappings": true}} to its plugins' },
  );
}

function unplanned({ endpointId }: Attachment): StrataError {
  return new StrataError(
    'failed-precondition',
    'ENDPOINT_NOT_PLANNED',
    `The endpoint ${endpointId} was not planned`,
  );
}

function noSandbox({ sandbox }: Attachment): StrataError {
  return new StrataError(
    'not-found',
    'SANDBOX_GONE',
    `There is no network namespace at ${sandbox ?? 'an unnamed place'}`,
  );
}
