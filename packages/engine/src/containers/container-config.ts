/** What a container is, merged from the request and the image: the `config` column, JSON. Plain data, already checked. */
import type { Resources } from '@strata/core';
import type { BindRequest, RestartPolicy, Ulimit } from '../api/containers.ts';
import type { PortRequest } from '../api/networks.ts';

export interface ContainerConfig {
  readonly platform: string;
  /** Committed layer below the container's own; `undefined` for an image without layers. */
  readonly parent: string | undefined;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly groupAdd: readonly string[];
  /** Absolute and normal. */
  readonly workingDirectory: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stopSignal: number;
  /** Seconds. */
  readonly stopTimeout: number;
  readonly restart?: RestartPolicy;
  readonly readOnly: boolean;
  readonly mounts: readonly BindRequest[];
  /** Targets of the image's VOLUMEs, for inspect and commit; what is mounted there is in `mounts`. */
  readonly volumes: readonly string[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged: boolean;
  readonly noNewPrivileges: boolean;
  /** `undefined`: the default profile; `unconfined`; or a file. */
  readonly seccomp: string | undefined;
  /** `/proc` and `/sys` without masks. */
  readonly openSystemPaths: boolean;
  readonly securityOptions: readonly string[];
  readonly ulimits: readonly Ulimit[];
  readonly init: boolean;
  /** `private`, `host`, `container:<full id>`; ipc also `none`, `shareable`. */
  readonly pid: string;
  readonly ipc: string;
  readonly uts: string;
  readonly extraHosts: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions?: readonly string[];
  readonly ports?: readonly PortRequest[];
  readonly publishAll?: boolean;
  /** A network namespace of the engine's making, which networks can be connected to. */
  readonly sandbox?: boolean;
  readonly devices: readonly DeviceMapping[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** Bytes of /dev/shm. */
  readonly shmSize: number;
  readonly oomScoreAdj: number | undefined;
  readonly resources: Resources;
  /** Bytes its own layer may grow to; absent: unlimited. */
  readonly diskSize?: number;
  /** In a filesystem of that size in a sparse file; absent: limited by the driver's quota. */
  readonly diskBacking?: 'loop';
  readonly cgroupParent: string | undefined;
  readonly log: {
    readonly driver: 'k8s-file' | 'none';
    /** `undefined`: the log is not rotated. */
    readonly maxBytes: number | undefined;
    readonly maxFiles: number;
  };
  readonly runtime: string;
  readonly exposedPorts: readonly string[];
  readonly healthcheck: HealthConfig | undefined;
  /** The image's SHELL, for the health check; absent: `/bin/sh -c`. */
  readonly shell?: readonly string[];
}

/** Docker's `Healthcheck` of an image config; times in nanoseconds, absent ones are the default. */
export interface HealthConfig {
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface DeviceMapping {
  readonly source: string;
  readonly target: string;
  readonly permissions: string;
}

/** The program and its arguments. */
export function argumentsOf(config: ContainerConfig): readonly string[] {
  return [...config.entrypoint, ...config.command];
}
