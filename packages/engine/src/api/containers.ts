import type { AttachedStreams, CgroupStats, ExitStatus, PublishedPort, Resources } from '@strata/core';
import type { Operation } from './images.ts';
import type { EndpointRequest, PortRequest } from './networks.ts';

export type ContainerStatus =
  | 'creating'
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'removing'
  | 'dead';

/** What happens when it ends by itself. `unless-stopped` differs from `always` only at the start of the system. */
export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  /** Of `on-failure`: this many times; 0: without end. */
  readonly maximum: number;
}

export interface BindRequest {
  readonly type: 'bind' | 'tmpfs' | 'volume';
  /** Host path of a bind, name of a volume; without one the volume is anonymous. */
  readonly source?: string;
  readonly target: string;
  readonly readOnly?: boolean;
  /** `-v` makes a missing host directory, `--mount` refuses. */
  readonly createSource?: boolean;
  readonly propagation?: 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';
  readonly recursive?: boolean;
  /** volume: an empty one stays empty instead of getting what the image has there. */
  readonly noCopy?: boolean;
  /** volume: goes with the container; the engine says so itself. */
  readonly anonymous?: boolean;
  /** tmpfs: bytes and octal mode. */
  readonly size?: number;
  readonly mode?: number;
  /** tmpfs flags such as `noexec`; from a closed set. */
  readonly options?: readonly string[];
}

export interface Ulimit {
  /** Without RLIMIT_: `nofile`. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** What `docker create` takes, parsed but not yet merged with the image. Absent means the image's or Docker's default. */
export interface CreateRequest extends Operation {
  readonly image: string;
  readonly command?: readonly string[];
  readonly name?: string;
  readonly storage?: string;
  readonly pull?: 'missing' | 'always' | 'never';
  readonly platform?: string;
  readonly runtime?: string;
  /** `[]`: reset the image's. */
  readonly entrypoint?: readonly string[];
  /** `NAME=value`. */
  readonly env?: readonly string[];
  readonly workingDirectory?: string;
  readonly user?: string;
  readonly groupAdd?: readonly string[];
  readonly hostname?: string;
  readonly domainname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly autoRemove?: boolean;
  readonly restart?: RestartPolicy;
  readonly readOnly?: boolean;
  readonly mounts?: readonly BindRequest[];
  /** `CONTAINER[:ro]`: with its binds and volumes. */
  readonly volumesFrom?: readonly string[];
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  /** `no-new-privileges`, `seccomp=unconfined|FILE`, `apparmor=…`, `label=…`, `systempaths=unconfined`. */
  readonly securityOptions?: readonly string[];
  readonly ulimits?: readonly Ulimit[];
  readonly stopSignal?: string;
  /** Seconds before SIGKILL; default 10. */
  readonly stopTimeout?: number;
  readonly init?: boolean;
  /** `host`, `private`, `container:ID`; ipc also `none`, `shareable`. */
  readonly pid?: string;
  readonly ipc?: string;
  readonly uts?: string;
  /** Driver id or network name: `none`, `host`, `container:ID`. */
  readonly network?: string;
  /** Instead of `network`: how to join one or several. */
  readonly networks?: readonly EndpointRequest[];
  readonly ports?: readonly PortRequest[];
  /** Publish all exposed ports on free ports of the host. */
  readonly publishAll?: boolean;
  /** `80/tcp`, beside the image's. */
  readonly exposedPorts?: readonly string[];
  readonly extraHosts?: readonly string[];
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  /** Lines of resolv.conf(5) `options`: `ndots:2`. */
  readonly dnsOptions?: readonly string[];
  readonly devices?: readonly {
    readonly source: string;
    readonly target: string;
    readonly permissions: string;
  }[];
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Bytes of /dev/shm; default 64 MiB. */
  readonly shmSize?: number;
  readonly oomScoreAdj?: number;
  readonly resources?: Resources;
  /** Bytes that the container's own layer may grow to; a driver without quotas refuses. */
  readonly diskSize?: number;
  readonly cgroupParent?: string;
  readonly log?: {
    readonly driver?: 'k8s-file' | 'none';
    readonly maxBytes?: number;
    readonly maxFiles?: number;
  };
}

export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly command: readonly string[];
  readonly created: Date;
  readonly status: ContainerStatus;
  readonly startedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
  readonly pid: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly storage: string;
  readonly network: string;
  /** Names of all networks it is in. */
  readonly networks?: readonly string[];
  /** While it runs: published, and exposed ones as `80/tcp`. */
  readonly ports?: readonly PublishedPort[];
  readonly exposedPorts?: readonly string[];
  /** With `size`: own bytes, and with the image's. */
  readonly size?: { readonly own: number; readonly virtual: number };
}

/** Docker's `docker inspect` object for containers; see moby api/types/container. */
export type ContainerInspect = Readonly<Record<string, unknown>>;

export interface ContainerFilter {
  readonly all?: boolean;
  readonly size?: boolean;
  readonly last?: number;
  readonly status?: readonly string[];
  readonly names?: readonly string[];
  readonly ids?: readonly string[];
  readonly labels?: readonly string[];
  readonly ancestor?: readonly string[];
  readonly exited?: readonly number[];
  readonly before?: string;
  readonly since?: string;
}

/** A running process (container or exec) as one client holds it. */
export interface Session extends AsyncDisposable {
  readonly containerId: string;
  readonly execId: string | undefined;
  readonly terminal: boolean;
  /** Present when attached. */
  readonly streams: AttachedStreams | undefined;
  resize(size: { readonly rows: number; readonly columns: number }): Promise<void>;
  kill(signal: number): Promise<void>;
  /** The exit status, recorded; with `--rm` the container is gone when this resolves. */
  wait(): Promise<ExitStatus>;
}

export interface ExecRequest {
  readonly container: string;
  readonly command: readonly string[];
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly detach?: boolean;
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly privileged?: boolean;
}

export interface LogRequest {
  readonly container: string;
  readonly follow?: boolean;
  /** Last n lines; undefined: all. */
  readonly tail?: number;
  readonly since?: Date;
  readonly until?: Date;
  readonly signal?: AbortSignal;
}

export interface LogChunk {
  readonly at: Date;
  /** RFC 3339 with nanoseconds, as logged. */
  readonly timestamp: string;
  readonly stream: 'stdout' | 'stderr';
  /** Raw bytes, with the newline the process wrote, if any. */
  readonly data: Buffer;
}

export interface PathChange {
  readonly kind: 'A' | 'C' | 'D';
  /** Absolute inside the container; raw bytes, as names may not be UTF-8. */
  readonly path: Buffer;
}

export interface CopyStat {
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: Date;
  readonly linkTarget: string;
  readonly isDirectory: boolean;
}

export interface StatsRequest {
  /** Names or ids; without any, those that run. */
  readonly containers?: readonly string[];
  /** Also those that do not run. */
  readonly all?: boolean;
}

/** One reading of the counters; rates come of two. */
export interface ContainerUse {
  readonly id: string;
  readonly name: string;
  /** `undefined` when it does not run. */
  readonly cgroup: CgroupStats | undefined;
  /** `undefined` without a network namespace of its own. */
  readonly network: { readonly receivedBytes: number; readonly sentBytes: number } | undefined;
}

export interface ContainersApi {
  /** Returns the full id. Warnings are for the person (`The requested image's platform … does not match`). */
  create(request: CreateRequest): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  /** `attach`: connect before the first instruction runs. */
  start(
    container: string,
    options?: Operation & { readonly attach?: boolean; readonly stdin?: boolean },
  ): Promise<Session>;
  /** create + start; undone as one when the start fails. */
  run(
    request: CreateRequest & { readonly detach?: boolean; readonly onCreated?: (id: string) => void },
  ): Promise<Session>;
  exec(request: ExecRequest): Promise<Session>;
  attach(container: string, options?: { readonly stdin?: boolean }): Promise<Session>;
  logs(request: LogRequest): AsyncIterable<LogChunk>;
  stop(container: string, options?: { readonly timeout?: number; readonly signal?: string }): Promise<void>;
  kill(container: string, signal?: string): Promise<void>;
  restart(
    container: string,
    options?: { readonly timeout?: number; readonly signal?: string },
  ): Promise<void>;
  pause(container: string): Promise<void>;
  unpause(container: string): Promise<void>;
  wait(
    container: string,
    options?: { readonly condition?: 'not-running' | 'next-exit' | 'removed'; readonly signal?: AbortSignal },
  ): Promise<ExitStatus>;
  /** ps(1) with these options over the container's processes: titles and rows. */
  top(
    container: string,
    psArguments?: readonly string[],
  ): Promise<{ readonly titles: readonly string[]; readonly rows: readonly (readonly string[])[] }>;
  list(filter?: ContainerFilter): Promise<readonly ContainerSummary[]>;
  inspect(container: string, options?: { readonly size?: boolean }): Promise<ContainerInspect>;
  rename(container: string, name: string): Promise<void>;
  remove(
    container: string,
    options?: { readonly force?: boolean; readonly volumes?: boolean },
  ): Promise<void>;
  prune(options?: {
    readonly labels?: readonly string[];
  }): Promise<{ readonly removed: readonly string[]; readonly reclaimedBytes: number }>;
  diff(container: string): Promise<readonly PathChange[]>;
  /** Tar of a path in the container, named after its last component, as `docker cp CONTAINER:PATH -`. */
  copyOut(
    container: string,
    path: string,
    options?: { readonly followLink?: boolean },
  ): Promise<{ readonly stat: CopyStat; readonly tar: AsyncIterable<Buffer> }>;
  /** Extract a tar into an existing directory of the container. */
  copyIn(
    container: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options?: { readonly archive?: boolean; readonly noOverwriteDirWithFile?: boolean },
  ): Promise<void>;
  /** What `path` is inside the container; undefined when missing. */
  statPath(container: string, path: string): Promise<CopyStat | undefined>;
  /** The whole root filesystem as a tar. */
  exportTar(container: string): Promise<AsyncIterable<Buffer>>;
  update(container: string, resources: Resources): Promise<void>;
  /** @throws unsupported when the cgroup driver has no statistics */
  stats(request?: StatsRequest): Promise<readonly ContainerUse[]>;
  /** Called by the monitor when a container has ended: record, clean up, remove with `--rm`. Idempotent. */
  reap(container: string): Promise<void>;
  /** Start what its restart policy wants to run: at the start of the system. Returns the names. */
  startWanted(): Promise<readonly string[]>;
  /** Rotate logs until no container needs it; one process at a time does. Run by {@link EngineOptions.keepCommand}. */
  keep(): Promise<void>;
  /** bocker's `cleanup`: finish what dead processes left for this container, or for all. */
  cleanup(container?: string): Promise<readonly string[]>;
}
