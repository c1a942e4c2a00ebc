import type { LifecycleEvent } from '@strata/core';
import type { DriverStatus } from './storage.ts';

export interface SystemInfo {
  readonly root: string;
  readonly run: string;
  readonly version: string;
  readonly containers: {
    readonly total: number;
    readonly running: number;
    readonly paused: number;
    readonly stopped: number;
  };
  readonly images: number;
  readonly drivers: readonly DriverStatus[];
  readonly storage: string | undefined;
  readonly runtime: string;
  readonly cgroup: string;
  readonly kernel: string;
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly filesystem: string;
  readonly warnings: readonly string[];
}

/** One disagreement between the database and the world. */
export interface Finding {
  /** Stable, `UPPER_SNAKE`: `LAYER_WITHOUT_ROW`, `MOUNT_LEFT`, `BLOB_MISSING`, … */
  readonly code: string;
  /** One sentence. */
  readonly message: string;
  readonly subject: string;
  /** What `--repair` would do; undefined when a person must decide. */
  readonly repair: string | undefined;
  readonly repaired: boolean;
}

export interface SystemApi {
  info(): Promise<SystemInfo>;
  /** Compare disk, database, mountinfo, cgroups and processes. Never scans file contents unless `deep` (re-hash). */
  check(options?: {
    readonly repair?: boolean;
    readonly deep?: boolean;
    readonly signal?: AbortSignal;
  }): Promise<readonly Finding[]>;
  /** Stored events in order, then live ones until `until` or `signal`. */
  events(options?: {
    readonly since?: Date;
    readonly until?: Date;
    readonly follow?: boolean;
    readonly filters?: Readonly<Record<string, readonly string[]>>;
    readonly signal?: AbortSignal;
  }): AsyncIterable<LifecycleEvent>;
  diskUsage(): Promise<DiskUsage>;
}

export interface UsedSpace {
  readonly count: number;
  readonly active: number;
  readonly bytes: number;
  readonly reclaimableBytes: number;
}

export interface DiskUsage {
  readonly images: UsedSpace;
  readonly containers: UsedSpace;
  readonly volumes: UsedSpace;
  readonly layers: readonly { readonly driver: string; readonly count: number; readonly bytes: number }[];
}
