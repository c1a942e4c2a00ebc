/**
 * # NetworkDriver: joining a sandbox to a network
 *
 * A **sandbox** is a network namespace that the engine made and holds by path. A **network** is what containers are
 * joined to (a bridge, nothing, the host). An **attachment** is the result of joining one to the other: plain data
 * that is stored before the container starts and is enough for another process, after a crash, to undo it.
 *
 * ## Invariants
 * - `attach` is all or nothing: when it throws, nothing of it is left, or `detach` with the planned attachment
 *   removes it. The engine stores {@link NetworkDriver.plan}'s result first, then calls `attach` with it.
 * - `detach` is idempotent and works when the sandbox, the link or the rule is already gone.
 * - Addresses are leased in the driver's own state under `context.root`, in one transaction each: never two
 *   endpoints with one address, none lost when a process dies (the lease names the endpoint; `list` shows it).
 * - No user text reaches a firewall rule or interface name; ids are the engine's.
 *
 * ## Flow
 * `createNetwork` once → per container: the engine makes the sandbox → `plan(endpoint)` → stored → `attach` →
 * container runs → `detach` → the sandbox goes. After a reboot `restore()` makes host-side state match again.
 */
export interface NetworkCapabilities {
  /** The engine makes a network namespace for the container. False: it joins the host's (`network-host`). */
  readonly sandbox: boolean;
  /** `-p` is honoured. If false, publishing a port is refused. */
  readonly publish: boolean;
  /** Networks can be created and removed by users. If false there is exactly one, named as the driver. */
  readonly multiple: boolean;
  /** Containers of one network reach each other. */
  readonly connects: boolean;
}

export interface NetworkSpec {
  /** Engine-made id, `[a-z0-9]{1,12}`. */
  readonly id: string;
  readonly name: string;
  /** CIDR blocks; the driver chooses where empty. */
  readonly subnets: readonly string[];
  readonly gateway?: string;
  readonly ipRange?: string;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

export interface PublishedPort {
  readonly hostIp: string;
  /** 0: any free one; the attachment says which. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

export interface Endpoint {
  /** Engine-made id, `[a-z0-9]{1,12}`. */
  readonly id: string;
  readonly network: NetworkSpec;
  readonly containerId: string;
  /** Path of the network namespace (`/run/strata/netns/…`); `undefined` when the driver needs no sandbox. */
  readonly sandbox: string | undefined;
  /** Name inside the sandbox: `eth0`, `eth1`, … */
  readonly interfaceName: string;
  /** Of either family. */
  readonly ip?: string;
  /** IPv6, beside an IPv4 {@link ip}. */
  readonly ip6?: string;
  readonly macAddress?: string;
  readonly aliases: readonly string[];
  /** The user's (`--dns`), for names outside the network; empty or absent: the host's. */
  readonly nameservers?: readonly string[];
  readonly ports: readonly PublishedPort[];
}

export interface Attachment {
  readonly endpointId: string;
  readonly networkId: string;
  readonly containerId: string;
  readonly sandbox: string | undefined;
  readonly interfaceName: string | undefined;
  /** `address/prefix`. */
  readonly addresses: readonly string[];
  /** Of the first family that has one. */
  readonly gateway: string | undefined;
  /** IPv6, beside an IPv4 {@link gateway}. */
  readonly gateway6?: string;
  readonly macAddress: string | undefined;
  /** With host ports filled in. */
  readonly ports: readonly PublishedPort[];
  /** Name servers for the container's resolv.conf, before the user's; empty: the user's or the host's. */
  readonly nameservers: readonly string[];
  /** {@link nameservers} ask {@link Endpoint.nameservers} themselves: resolv.conf names only the former. */
  readonly forwards?: boolean;
  /** What the driver needs to undo it; JSON. */
  readonly state: Readonly<Record<string, unknown>>;
}

/** Something on the host's side that is not as networks and attachments need it. */
export interface NetworkFault {
  /** What it is about: a link, a table. */
  readonly subject: string;
  /** One sentence. */
  readonly message: string;
}

export interface NetworkDriver {
  readonly capabilities: NetworkCapabilities;
  /**
   * Without `multiple`: users make further networks from a description of their own, which this option of the network
   * names (`conflist`). Such a driver chooses no subnets.
   */
  readonly describedBy?: string;
  /** Fill in what the caller left open (subnet, gateway) and make it. Idempotent per id. @throws already-exists on an overlapping subnet */
  createNetwork(spec: NetworkSpec): Promise<NetworkSpec>;
  /** Idempotent. @throws failed-precondition while endpoints are attached */
  removeNetwork(spec: NetworkSpec): Promise<void>;
  /** Lease addresses and ports, touch nothing else. Idempotent per endpoint id. @throws already-exists when an address or port is taken; resource-exhausted when none is left */
  plan(endpoint: Endpoint): Promise<Attachment>;
  /**
   * Make what was planned. A driver whose addresses are chosen only now (CNI) plans them empty and returns the attachment
   * complete; nothing of the container runs before that. `detach` works with either.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: `undefined` would make the many with nothing to return say so
  attach(attachment: Attachment): Promise<Attachment | void>;
  /** A container was renamed: the others of the network find it by these names from now on. Absent without a name service. */
  setNames?(attachment: Attachment, names: readonly string[]): Promise<Attachment>;
  /** Undo, from the stored attachment alone; give back leases. */
  detach(attachment: Attachment): Promise<void>;
  /**
   * Endpoint ids that hold anything, for reconciling. One whose attachment was never stored (a crash right after
   * `plan`) is undone by `detach` with its id and otherwise empty fields: the driver knows its own leases.
   */
  list(): Promise<readonly string[]>;
  /**
   * What is missing on the host's side of these networks and attachments, because somebody took it away. Changes nothing;
   * {@link restore} mends it. Absent: the driver cannot tell.
   */
  faults?(
    networks: readonly NetworkSpec[],
    attachments: readonly Attachment[],
  ): Promise<readonly NetworkFault[]>;
  /** Make host-side state (bridges, rules) match these networks and attachments again, after a reboot or a firewall flush. */
  restore(networks: readonly NetworkSpec[], attachments: readonly Attachment[]): Promise<void>;
}
