/** `algorithm:hex`, lower case, as OCI image-spec descriptor.md defines; only `sha256` and `sha512` exist here. */
export type Digest = `sha256:${string}` | `sha512:${string}`;

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Is this text a digest we may build a path or URL from? Everything else is rejected before it reaches one. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && DIGEST.test(text);
}

/** OCI image-spec descriptor.md: what a blob is, which bytes, how many. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes; a safe integer ≥ 0. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly urls?: readonly string[];
}

/** OCI image-spec image-index.md `platform`, with GOOS/GOARCH names. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}
