import type { PublishedPort } from '@strata/core';

/** How a container joins one network. */
export interface EndpointRequest {
  /** Name, id or unambiguous prefix of an id; for the first one also `none`, `host` and `container:ID`. */
  readonly network: string;
  readonly ip?: string;
  readonly ipv6?: string;
  readonly macAddress?: string;
  /** Further names its neighbours find it by; user networks only. */
  readonly aliases?: readonly string[];
}

/** `-p`, one container port. */
export interface PortRequest {
  /** Empty: every address of the host. */
  readonly hostIp: string;
  /** 0: any free port. */
  readonly hostPort: number;
  /** Any free one from `hostPort` to this. */
  readonly hostPortEnd?: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

export interface NetworkRequest {
  readonly name: string;
  /** Default `bridge`. */
  readonly driver?: string;
  /** CIDR; the driver chooses where empty. */
  readonly subnets?: readonly string[];
  readonly gateway?: string;
  readonly ipRange?: string;
  readonly ipv6?: boolean;
  readonly internal?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the driver: `mtu=1400`. */
  readonly options?: Readonly<Record<string, string>>;
}

export interface NetworkSummary {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly created: Date | undefined;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

export interface NetworkFilter {
  readonly names?: readonly string[];
  readonly ids?: readonly string[];
  readonly drivers?: readonly string[];
  readonly labels?: readonly string[];
  /** `true`: no container is attached. */
  readonly dangling?: boolean;
  readonly type?: 'builtin' | 'custom';
}

/** Docker's `docker network inspect` object. */
export type NetworkInspect = Readonly<Record<string, unknown>>;

export interface NetworksApi {
  /** Returns the id and what one should know about it. */
  create(request: NetworkRequest): Promise<{ readonly id: string; readonly name: string }>;
  /** By name; with the fixed networks of drivers, `none` and `host`. */
  list(filter?: NetworkFilter): Promise<readonly NetworkSummary[]>;
  inspect(network: string): Promise<NetworkInspect>;
  /** @throws failed-precondition `NETWORK_IN_USE` while containers are attached. Returns the name. */
  remove(network: string): Promise<string>;
  /** Remove what no container is attached to. Returns names. */
  prune(options?: { readonly labels?: readonly string[]; readonly until?: Date }): Promise<readonly string[]>;
  /** Also of a running container; of a stopped one it counts from the next start on. */
  connect(request: EndpointRequest & { readonly container: string }): Promise<void>;
  /** `force`: no error when it is not connected. */
  disconnect(network: string, container: string, options?: { readonly force?: boolean }): Promise<void>;
  /** Make bridges, rules and links of all networks again. Returns how many networks that were. */
  reload(): Promise<number>;
  /** What is published of a running container, as `strata port` shows it. */
  ports(container: string): Promise<readonly PublishedPort[]>;
}
