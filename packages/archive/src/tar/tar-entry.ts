/** What a tar member is. `other`: a type we do not know; it has a body to skip. */
export type TarEntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'hardlink'
  | 'char'
  | 'block'
  | 'fifo'
  | 'other';

/** A run of data in a sparse file; between runs there are zeros. */
export interface SparseRegion {
  readonly offset: number;
  readonly length: number;
}

/** One member of a tar archive. Names and values are raw bytes, exactly as in the archive. */
export interface TarEntry {
  readonly name: Buffer;
  readonly type: TarEntryType;
  /** Target of a symlink or hard link; empty otherwise. */
  readonly linkName: Buffer;
  /** Permission bits with setuid, setgid and sticky; whatever else the header held is cut off. */
  readonly mode: number;
  /** As found: may be negative or larger than Linux allows. */
  readonly uid: number;
  readonly gid: number;
  /** Bytes of the file when unpacked; 0 for all that is not a file. */
  readonly size: number;
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Where the body's bytes go when the file is sparse. */
  readonly sparse?: readonly SparseRegion[];
}

/** How much of an archive we are willing to read. */
export interface TarLimits {
  /** Bytes of the uncompressed stream (a decompression bomb ends here); default 1 TiB. */
  readonly maxBytes: number;
  /** Members; default ten million. */
  readonly maxEntries: number;
  /** Unpacked bytes of one file, holes included; default 16 TiB (the most ext4 holds). */
  readonly maxFileSize: number;
}

export const DEFAULT_LIMITS: TarLimits = { maxBytes: 2 ** 40, maxEntries: 10_000_000, maxFileSize: 2 ** 44 };
/** One PAX header, and one sparse map: as Go's archive/tar (CVE-2025-58183). */
export const MAX_EXTENSION = 2 ** 20;
/** A GNU long name: sixteen times PATH_MAX. */
export const MAX_LONG_NAME = 2 ** 16;
export const BLOCK = 512;
