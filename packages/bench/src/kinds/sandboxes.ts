import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Attachment, Endpoint, Host, NetworkDriver, NetworkSpec } from '@strata/core';
import type { KindSubject } from './contestants.ts';
import { type NetworkRemains, networkRemains } from './remains.ts';

const NETNS = '/run/netns';
const newId = (): string => `b${randomBytes(5).toString('hex')}`;

/** For whoever tidies up after us, if we are killed. */
const note = (scratch: string, remains: NetworkRemains): Promise<void> =>
  writeFile(networkRemains(scratch), JSON.stringify(remains));

/** A network of a driver, and namespaces joined to it; all of it goes with `close`. */
export class Sandboxes {
  readonly #host: Host;
  readonly #driver: NetworkDriver;
  readonly #network: NetworkSpec;
  readonly #scratch: string;
  readonly #namespaces = new Set<string>();
  readonly #attached = new Set<Attachment>();

  private constructor({ host, driver, scratch }: KindSubject<'network'>, network: NetworkSpec) {
    this.#host = host;
    this.#driver = driver;
    this.#scratch = scratch;
    this.#network = network;
  }

  static async open(subject: KindSubject<'network'>): Promise<Sandboxes> {
    const { id, driver, scratch } = subject;
    const { multiple } = driver.capabilities;
    const spec: NetworkSpec = {
      id: newId(),
      name: multiple ? `strata-bench-${id}` : id,
      subnets: [],
      ipv6: false,
      internal: false,
      labels: {},
      options: {},
    };
    await note(scratch, { network: spec, namespaces: [] });
    // Where there is exactly one, it is there already.
    return new Sandboxes(subject, multiple ? await driver.createNetwork(spec) : spec);
  }

  /** An endpoint in a namespace of its own, where the driver wants one. */
  async endpoint(): Promise<Endpoint> {
    const sandbox = this.#driver.capabilities.sandbox ? await this.#namespace() : undefined;
    return {
      id: newId(),
      network: this.#network,
      containerId: randomBytes(32).toString('hex'),
      sandbox,
      interfaceName: 'eth0',
      aliases: [],
      ports: [],
    };
  }

  async attach(endpoint: Endpoint): Promise<Attachment> {
    const planned = await this.#driver.plan(endpoint);
    this.#attached.add(planned);
    // Addresses may be chosen only now. `detach` works with either, so the planned one stays noted until then.
    const attachment = (await this.#driver.attach(planned)) ?? planned;
    this.#attached.add(attachment);
    if (attachment !== planned) this.#attached.delete(planned);
    return attachment;
  }

  async detach(attachment: Attachment): Promise<void> {
    await this.#driver.detach(attachment);
    this.#attached.delete(attachment);
  }

  async #namespace(): Promise<string> {
    const name = `strata-bench-${newId()}`;
    this.#namespaces.add(name);
    await note(this.#scratch, { network: this.#network, namespaces: [...this.#namespaces] });
    await this.#host.exec.run('ip', ['netns', 'add', name]);
    return `${NETNS}/${name}`;
  }

  /** Run inside an endpoint's namespace, or here where it has none. */
  within({ sandbox }: Endpoint, program: string, args: readonly string[]): readonly [string, ...string[]] {
    if (sandbox === undefined) return [program, ...args];
    return ['ip', 'netns', 'exec', sandbox.slice(NETNS.length + 1), program, ...args];
  }

  async closeEndpoints(): Promise<void> {
    for (const attachment of this.#attached) await this.detach(attachment);
    for (const name of this.#namespaces) {
      await this.#host.exec.run('ip', ['netns', 'delete', name]);
      this.#namespaces.delete(name);
    }
  }

  async close(): Promise<void> {
    try {
      await this.closeEndpoints();
    } finally {
      if (this.#driver.capabilities.multiple) await this.#driver.removeNetwork(this.#network);
    }
  }
}
