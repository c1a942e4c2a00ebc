/**
 * # CgroupDriver: what a container may use
 *
 * One **cgroup** per container, made before it and removed after it. The driver owns a subtree of its own
 * (`strata/`) and never touches anything outside; the runtime joins the cgroup by the path in {@link CgroupRef}.
 *
 * ## Invariants
 * - `create` refuses a cgroup that holds processes or is frozen (somebody else's, or a leak), and leaves nothing
 *   when it fails. A limit this host cannot honour is refused with the reason, never ignored.
 * - A {@link CgroupRef} is plain data: another process can update, kill and remove with it after a crash.
 * - `remove` is idempotent, kills nothing by itself, and retries while the kernel still reaps (EBUSY).
 * - Ids are the engine's; `parent` from a user is resolved inside the driver's subtree and cannot leave it.
 */
export interface CgroupCapabilities {
  readonly memory: boolean;
  readonly cpu: boolean;
  readonly pids: boolean;
  readonly blockIo: boolean;
  readonly cpuset: boolean;
  readonly devices: boolean;
  /** `freeze` and `thaw` work. If false, `pause` is refused. */
  readonly freezer: boolean;
  /** `stats` returns figures. */
  readonly stats: boolean;
}

/** Limits; an absent one is unlimited. OCI runtime-spec config-linux.md, in one set of units for v1 and v2. */
export interface Resources {
  /** Bytes. */
  readonly memory?: number;
  readonly memoryReservation?: number;
  /** Memory plus swap, bytes; −1: unlimited swap. */
  readonly memorySwap?: number;
  /** 0–100. */
  readonly memorySwappiness?: number;
  readonly oomKillDisable?: boolean;
  /** CPUs in billionths, as Docker's NanoCpus. */
  readonly nanoCpus?: number;
  /** Relative weight, 2–262144, default 1024. */
  readonly cpuShares?: number;
  /** Microseconds. */
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  /** List format, `0-3,7`. */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pids?: number;
  /** 10–1000. */
  readonly blockIoWeight?: number;
  readonly blockIoThrottles?: readonly BlockIoThrottle[];
}

export interface BlockIoThrottle {
  readonly major: number;
  readonly minor: number;
  readonly kind: 'read-bps' | 'write-bps' | 'read-iops' | 'write-iops';
  readonly rate: number;
}

/** Enough to find the cgroup again; JSON. */
export interface CgroupRef {
  readonly id: string;
  /** For `linux.cgroupsPath` of the runtime's config; `undefined`: the runtime joins none. */
  readonly path: string | undefined;
  readonly state: Readonly<Record<string, unknown>>;
}

export interface CgroupStats {
  readonly readAt: Date;
  /** Nanoseconds of CPU used since creation. */
  readonly cpuUsageNs: number;
  readonly cpuThrottledNs: number;
  readonly memoryBytes: number;
  /** Page cache that could be dropped; Docker subtracts it in `stats`. */
  readonly memoryInactiveFileBytes: number;
  readonly memoryLimitBytes: number | undefined;
  readonly pids: number;
  readonly pidsLimit: number | undefined;
  readonly blockReadBytes: number;
  readonly blockWriteBytes: number;
  readonly oomKills: number;
}

export interface CgroupDriver {
  readonly capabilities: CgroupCapabilities;
  create(id: string, resources: Resources, options?: { readonly parent?: string }): Promise<CgroupRef>;
  /** Change limits of a live cgroup; those not named stay. @throws invalid-argument, unsupported */
  update(ref: CgroupRef, resources: Resources): Promise<void>;
  stats(ref: CgroupRef): Promise<CgroupStats>;
  /** Resolves once everything in it stands still. Idempotent. */
  freeze(ref: CgroupRef): Promise<void>;
  thaw(ref: CgroupRef): Promise<void>;
  /** SIGKILL every process in it, thawing first; resolves when it is empty. */
  kill(ref: CgroupRef): Promise<void>;
  /** Host pids, children cgroups included. */
  processes(ref: CgroupRef): Promise<readonly number[]>;
  /** Yields at each out-of-memory kill until `signal`. */
  events(ref: CgroupRef, signal: AbortSignal): AsyncIterable<{ readonly kind: 'oom'; readonly at: Date }>;
  remove(ref: CgroupRef): Promise<void>;
  /** Ids of all cgroups in our subtree, for reconciling. */
  list(): Promise<readonly string[]>;
}
