/** A network driver without links, whose calls are written down and fail when told to: for what the engine makes of failures. */
import type {
  Attachment,
  DriverDefinition,
  Endpoint,
  NetworkDriver,
  NetworkSpec,
  PublishedPort,
} from '@strata/core';
import { emptyAttachment, StrataError } from '@strata/core';

type Method = 'createNetwork' | 'removeNetwork' | 'plan' | 'attach' | 'detach' | 'setNames' | 'restore';

export class Lab implements NetworkDriver {
  readonly capabilities = { sandbox: true, publish: true, multiple: true, connects: true };
  readonly calls: string[] = [];
  /** What the driver has leased: endpoint id → names. */
  readonly held = new Map<string, readonly string[]>();
  readonly busyPorts = new Set<number>();
  /** What somebody deleted, until the driver restores it. */
  readonly missing = new Set<string>();
  #fails: { readonly method: Method; readonly when: 'before' | 'after' }[] = [];

  readonly definition: DriverDefinition<'network', object> = {
    kind: 'network',
    id: 'lab',
    apiVersion: 1,
    summary: 'for tests',
    options: { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: {} }) } },
    probe: async () => ({ supported: true }),
    create: () => this,
  };

  /** The next such call fails, before or after its work; each call of this adds one. */
  fail(method: Method, when: 'before' | 'after' = 'before'): void {
    this.#fails.push({ method, when });
  }

  async #do<T>(method: Method, subject: string, work: () => T): Promise<T> {
    this.calls.push(`${method} ${subject}`);
    const at = this.#fails.findIndex((one) => one.method === method);
    const fails = at < 0 ? undefined : this.#fails.splice(at, 1)[0]?.when;
    if (fails === 'before') throw injected();
    const result = work();
    if (fails === 'after') throw injected();
    return result;
  }

  createNetwork(spec: NetworkSpec) {
    return this.#do('createNetwork', spec.name, () => ({ ...spec, subnets: ['10.0.0.0/24'] }));
  }

  async removeNetwork(spec: NetworkSpec) {
    await this.#do('removeNetwork', spec.name, () => undefined);
  }

  plan(endpoint: Endpoint): Promise<Attachment> {
    return this.#do('plan', endpoint.interfaceName, () => {
      for (const port of endpoint.ports) if (this.busyPorts.has(port.hostPort)) throw busy(port);
      this.held.set(endpoint.id, endpoint.aliases);
      return attachmentOf(endpoint);
    });
  }

  async attach({ interfaceName }: Attachment) {
    await this.#do('attach', interfaceName ?? '', () => undefined);
  }

  setNames(attachment: Attachment, names: readonly string[]) {
    return this.#do('setNames', names[0] ?? '', () => {
      this.held.set(attachment.endpointId, names);
      return { ...attachment, state: { names } };
    });
  }

  async detach({ endpointId, interfaceName }: Attachment) {
    await this.#do('detach', interfaceName ?? 'unknown', () => this.held.delete(endpointId));
  }

  async list() {
    return [...this.held.keys()];
  }

  async restore(networks: readonly NetworkSpec[]) {
    await this.#do('restore', networks.map(({ name }) => name).join(), () => this.missing.clear());
  }

  async faults() {
    return [...this.missing].map((subject) => ({ subject, message: `The link ${subject} is gone` }));
  }
}

function attachmentOf({ id, network, containerId, sandbox, interfaceName, ports }: Endpoint): Attachment {
  const whose = { endpointId: id, networkId: network.id, containerId, sandbox };
  return { ...emptyAttachment(whose), interfaceName, addresses: ['10.0.0.2/24'], gateway: '10.0.0.1', ports };
}

function injected(): StrataError {
  return new StrataError('internal', 'INJECTED', 'injected failure');
}

function busy({ hostPort, protocol }: PublishedPort): StrataError {
  return new StrataError('already-exists', 'PORT_IN_USE', 'busy', { context: { hostPort, protocol } });
}
