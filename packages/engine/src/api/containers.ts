import type { AttachedStreams, CgroupStats, ExitStatus, PublishedPort, Resources } from '@strata/core';
import type { CreateRequest, RestartPolicy } from './container-request.ts';
import type { Operation } from './images.ts';

export type * from './container-request.ts';

export type ContainerStatus =
  | 'creating'
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'removing'
  | 'dead';

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

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
  /** `undefined` without a health check, and before the first start. */
  readonly health?: HealthStatus | undefined;
  /** Its keeper died, and {@link ContainersApi.list} starts another; or its monitor did, and that ends it. */
  readonly unattended?: boolean;
  readonly pid: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly storage: string;
  readonly network: string;
  /** Names of all networks it is in. */
  readonly networks?: readonly string[];
  /** While it runs: published, and exposed ones as `80/tcp`. */
  readonly ports?: readonly PublishedPort[];
  readonly exposedPorts?: readonly string[];
  /** Names of volumes and host paths of binds. */
  readonly mounts?: readonly string[];
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
  /** Names of networks; names of volumes, and where they or binds are in the container or on the host. */
  readonly networks?: readonly string[];
  readonly volumes?: readonly string[];
  /** A health status, or `none`. */
  readonly health?: readonly string[];
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

/** What of a container can be changed after it was made. */
export interface ContainerUpdate extends Resources {
  readonly restart?: RestartPolicy;
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
  /** Those that do not run; with `labels` (`x`, `x=y`, `!x`) only they, with `until` only those made before. */
  prune(options?: {
    readonly labels?: readonly string[];
    readonly until?: Date;
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
  /** Also while it runs: limits hold at once, the policy from the next end on. */
  update(container: string, changes: ContainerUpdate): Promise<void>;
  /** @throws unsupported when the cgroup driver has no statistics */
  stats(request?: StatsRequest): Promise<readonly ContainerUse[]>;
  /** Called by the monitor when a container has ended: record, clean up, remove with `--rm`. Idempotent. */
  reap(container: string): Promise<void>;
  /** Start what its restart policy wants to run: at the start of the system. Returns the names. */
  startWanted(): Promise<readonly string[]>;
  /** Rotate logs and check health until no container needs it; one process at a time does. Run by {@link EngineOptions.keepCommand}. */
  keep(): Promise<void>;
  /** bocker's `cleanup`: finish what dead processes left for this container, or for all. */
  cleanup(container?: string): Promise<readonly string[]>;
}
