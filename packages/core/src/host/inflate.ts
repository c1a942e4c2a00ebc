/** gzip decompression on the calling thread, into the caller's memory. */
export interface Inflater {
  /**
   * One thread that inflates with it and works on what comes out is sooner done than two, of which one inflates by the
   * runtime's own streams. If not, it is for when other work keeps the other cores busy.
   */
  readonly fast: boolean;
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
