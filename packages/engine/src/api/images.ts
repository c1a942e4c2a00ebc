import type { Descriptor, Digest, Platform, ProgressListener } from '@strata/core';

export interface Operation {
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface ImageSummary {
  /** Image id: digest of the config. */
  readonly id: Digest;
  /** Manifest digest. */
  readonly digest: Digest;
  /** Canonical `registry/repository:tag` names; empty for a dangling image. */
  readonly names: readonly string[];
  readonly created: Date | undefined;
  /** Bytes of all layers unpacked where known, else compressed. */
  readonly size: number;
  readonly layers: number;
  readonly platform: Platform;
  readonly labels: Readonly<Record<string, string>>;
  /** Containers made from it. */
  readonly containers: number;
}

/** Docker's `docker image inspect` object; see moby api/types/image. */
export type ImageInspect = Readonly<Record<string, unknown>>;

export interface HistoryEntry {
  readonly id: string | undefined;
  readonly created: Date | undefined;
  readonly createdBy: string;
  readonly size: number;
  readonly comment: string;
  readonly emptyLayer: boolean;
}

export interface PullRequest extends Operation {
  readonly reference: string;
  /** `os/arch[/variant]`; default this host. */
  readonly platform?: string;
  /** Also unpack for this layer driver (`undefined`: the default driver; `false`: only fetch). */
  readonly storage?: string | false;
  readonly allTags?: boolean;
}

export interface PullResult {
  readonly name: string;
  readonly digest: Digest;
  readonly id: Digest;
  /** False when everything was here already. */
  readonly changed: boolean;
}

export interface RemovedImage {
  readonly untagged?: string;
  readonly deleted?: string;
}

export type ArchiveFormat = 'docker-archive' | 'oci-archive' | 'oci-dir';

export interface CommitRequest extends Operation {
  readonly container: string;
  readonly reference?: string;
  readonly author?: string;
  readonly message?: string;
  /** Dockerfile instructions: `CMD ["x"]`, `ENV A=b`. */
  readonly changes?: readonly string[];
  /** Freeze the container meanwhile; default true. */
  readonly pause?: boolean;
}

export interface ImageFilter {
  readonly reference?: string;
  readonly dangling?: boolean;
  readonly labels?: readonly string[];
  /** Also what has no name and lies below another image, as each commit of a tag that moves on leaves it. */
  readonly all?: boolean;
}

export interface ImagesApi {
  pull(request: PullRequest): Promise<PullResult>;
  push(reference: string, operation?: Operation): Promise<{ readonly digest: Digest }>;
  list(filter?: ImageFilter): Promise<readonly ImageSummary[]>;
  /** By name, id or unambiguous id prefix. @throws not-found `IMAGE_NOT_FOUND` ("No such image: x"), failed-precondition on an ambiguous prefix */
  inspect(reference: string): Promise<ImageInspect>;
  history(reference: string): Promise<readonly HistoryEntry[]>;
  tag(source: string, target: string): Promise<void>;
  /**
   * Untag, or delete with the last name; with it go images without a name that it was made on and nothing else is, unless
   * `noPrune`. Refused while a container uses it, unless `force`.
   */
  remove(
    reference: string,
    options?: { readonly force?: boolean; readonly noPrune?: boolean },
  ): Promise<readonly RemovedImage[]>;
  prune(options?: {
    readonly all?: boolean;
    /** `x`, `x=y`, `!x`. */
    readonly labels?: readonly string[];
    /** Only images created before, by their own account. */
    readonly until?: Date;
  }): Promise<{ readonly removed: readonly RemovedImage[]; readonly reclaimedBytes: number }>;
  /** `output`: a path (file, or directory for `oci-dir`) or a descriptor number of ours. */
  save(
    references: readonly string[],
    output: string | number,
    options?: Operation & { readonly format?: ArchiveFormat; readonly compress?: boolean },
  ): Promise<void>;
  /** Recognises docker-archive (both layouts), oci-archive and oci-dir. */
  load(
    input: string | number,
    operation?: Operation,
  ): Promise<readonly { readonly name: string | undefined; readonly id: Digest }[]>;
  /** A root filesystem tar (plain, gzip, zstd) as a one-layer image. */
  importTar(
    input: string | number,
    options?: Operation & {
      readonly reference?: string;
      readonly changes?: readonly string[];
      readonly message?: string;
      readonly platform?: string;
    },
  ): Promise<{ readonly id: Digest }>;
  /** bocker's `init`: a directory as a one-layer image. */
  init(
    directory: string,
    options?: Operation & {
      readonly reference?: string;
      readonly changes?: readonly string[];
      readonly message?: string;
    },
  ): Promise<{ readonly id: Digest }>;
  commit(request: CommitRequest): Promise<{ readonly id: Digest; readonly digest: Digest }>;
  /** Unpack for a layer driver now rather than at the first run. */
  unpack(reference: string, options?: Operation & { readonly storage?: string }): Promise<void>;
  login(
    registry: string,
    credentials: { readonly username: string; readonly password: string },
  ): Promise<{ readonly stored: string }>;
  logout(registry: string): Promise<boolean>;
}

/** What a container needs of an image; for `containers/`, not for the CLI. */
export interface ResolvedImage {
  readonly id: Digest;
  readonly manifest: Descriptor;
  /** Name as the user wrote it, normalised; or the id. */
  readonly name: string;
  readonly diffIds: readonly Digest[];
  /** Image config's `config` object, schema-checked, still untrusted. */
  readonly config: ImageRunConfig;
  readonly platform: Platform;
}

/** OCI image-spec config.md `config`: attacker's input to the engine, bounded and typed but not believed. */
export interface ImageRunConfig {
  readonly user?: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly workingDirectory?: string;
  readonly volumes: readonly string[];
  readonly exposedPorts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
  readonly healthcheck?: Readonly<Record<string, unknown>>;
  readonly shell?: readonly string[];
}

/** The seam between images and containers inside the engine. */
export interface ImageResolver {
  /** Find it here or, by `pull`, fetch it. */
  resolve(
    reference: string,
    options: Operation & {
      readonly pull: 'missing' | 'always' | 'never';
      readonly platform?: string;
      readonly storage: string;
    },
  ): Promise<ResolvedImage>;
  /** Make sure its layers are unpacked for the driver; returns the committed name (chainID) of the top one, undefined for an image without layers. */
  ensureUnpacked(image: ResolvedImage, storage: string, operation?: Operation): Promise<string | undefined>;
}
