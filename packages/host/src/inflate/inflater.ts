import type { Inflated, Inflater } from '@strata/core';
import { native } from '../native.ts';

/** zlib's state and window, with room to spare. */
const STATE_BYTES = 2 ** 17;
const NOTHING = new Uint8Array();
const Z_STREAM_END = 1;
const Z_NEED_DICT = 2;
const Z_BUF_ERROR = -5;
const CODES: Readonly<Record<number, string>> = {
  [Z_NEED_DICT]: 'Z_NEED_DICT',
  [-2]: 'Z_STREAM_ERROR',
  [-3]: 'Z_DATA_ERROR',
  [-4]: 'Z_MEM_ERROR',
};

/** {@link Inflater} by ISA-L, or by the zlib inside Node where that is not installed, or `zlib` is 1. */
export class NativeInflater implements Inflater {
  readonly #zlib: 0 | 1;
  readonly #state = Buffer.allocUnsafeSlow(STATE_BYTES);
  #how: 0 | 1 | 2 = 2;

  constructor(zlib: 0 | 1 = 0) {
    this.#zlib = zlib;
  }

  get fast(): boolean {
    return this.#zlib === 0 && native().inflate(this.#state, NOTHING, NOTHING, 3) === 1;
  }

  inflate(input: Uint8Array, output: Uint8Array): Inflated {
    const status = native().inflate(this.#state, input, output, this.#how, this.#zlib);
    if (status < 0 ? status !== Z_BUF_ERROR : status === Z_NEED_DICT) {
      const code = CODES[status] ?? 'Z_ERRNO';
      throw Object.assign(new Error(`inflate: ${code}`), { code, errno: status });
    }
    this.#how = 0;
    return {
      read: this.#state.readUInt32LE(0),
      written: this.#state.readUInt32LE(4),
      ended: status === Z_STREAM_END,
    };
  }

  nextMember(): void {
    this.#how = 1;
  }
}
