/** gzip decompression on the calling thread, into the caller's memory: for worker threads that have a core to themselves. */
export interface Inflater {
  /**
   * Go on with the member (RFC 1952), as far as input and output reach.
   *
   * @throws an error with zlib's code (`Z_DATA_ERROR`) when the data is damaged
   */
  inflate(input: Uint8Array, output: Uint8Array): Inflated;
  /** The next input begins another member. */
  nextMember(): void;
}

export interface Inflated {
  /** Bytes taken from the input. */
  readonly read: number;
  /** Bytes put into the output. */
  readonly written: number;
  /** The member is complete. */
  readonly ended: boolean;
}
