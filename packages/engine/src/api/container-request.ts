import type { Resources } from '@strata/core';
import type { Operation } from './images.ts';
import type { EndpointRequest, PortRequest } from './networks.ts';

/** What happens when it ends by itself. `unless-stopped` differs from `always` only at the start of the system. */
export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  /** Of `on-failure`: this many times; 0: without end. */
  readonly maximum: number;
}

/** HEALTHCHECK; what is absent is the image's. */
export interface HealthcheckRequest {
  /** `NONE`; `CMD` and arguments; or `CMD-SHELL` and a line for the image's shell. */
  readonly test?: readonly string[];
  /** Milliseconds between probes, default 30,000; of one probe, the same. */
  readonly interval?: number;
  readonly timeout?: number;
  /** Milliseconds in which failures do not count, default 0; between probes in it, default 5,000. */
  readonly startPeriod?: number;
  readonly startInterval?: number;
  /** Failures in a row that make it unhealthy, default 3. */
  readonly retries?: number;
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
  readonly healthcheck?: HealthcheckRequest;
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
  /** Bytes that the container's own layer may grow to; 0: unlimited. Default: the configuration's. */
  readonly diskSize?: number;
  /** `loop`: in a filesystem of that size in a sparse file. Default: the driver's quota; one without refuses. */
  readonly diskBacking?: 'loop';
  readonly cgroupParent?: string;
  readonly log?: {
    readonly driver?: 'k8s-file' | 'none';
    readonly maxBytes?: number;
    readonly maxFiles?: number;
  };
}
