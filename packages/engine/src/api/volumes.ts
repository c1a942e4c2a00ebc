/** Directories that outlive containers and are shared by them: `<root>/volumes/<name>/_data`. */
export interface VolumeSummary {
  readonly name: string;
  /** Always `local`. */
  readonly driver: string;
  readonly mountpoint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: Date;
  /** Made for one container, without a name of the user's. */
  readonly anonymous: boolean;
  /** Containers that name it, running or not. */
  readonly containers: readonly string[];
  /** With `size`: measured. */
  readonly bytes?: number;
}

export interface VolumeFilter {
  readonly names?: readonly string[];
  readonly labels?: readonly string[];
  readonly drivers?: readonly string[];
  /** Used by no container; or by one. */
  readonly dangling?: boolean;
  readonly size?: boolean;
}

export interface VolumesApi {
  /** Fine when there is one of this name. Without a name, one is invented. */
  create(request?: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
  }): Promise<VolumeSummary>;
  /** By name. */
  list(filter?: VolumeFilter): Promise<readonly VolumeSummary[]>;
  /** Docker's `volume inspect` object. @throws not-found `VOLUME_NOT_FOUND` */
  inspect(volume: string): Promise<Readonly<Record<string, unknown>>>;
  /** @throws not-found `VOLUME_NOT_FOUND`; failed-precondition `VOLUME_IN_USE` */
  remove(volume: string): Promise<void>;
  /** Those no container uses: anonymous ones, or `all`. */
  prune(options?: {
    readonly all?: boolean;
    readonly labels?: readonly string[];
  }): Promise<{ readonly removed: readonly string[]; readonly reclaimedBytes: number }>;
}
