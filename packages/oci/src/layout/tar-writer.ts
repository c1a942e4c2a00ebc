import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { Header } from 'tar';

const block = 512;

/** Writes the outer tar of an archive, member by member, with nothing in it that differs from run to run. */
export class TarWriter {
  readonly #out: Writable;
  /** Less than a block. GNU tar gives up when a read of a pipe ends within one. */
  #rest: Uint8Array = new Uint8Array();

  constructor(out: Writable) {
    this.#out = out;
  }

  async file(path: string, content: Uint8Array): Promise<void> {
    await this.stream(path, content.byteLength, [content]);
  }

  /** A member of exactly `size` bytes. */
  async stream(
    path: string,
    size: number,
    content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<void> {
    await this.#header(path, 'File', size);
    let written = 0;
    for await (const chunk of content) {
      written += chunk.byteLength;
      await this.#write(chunk);
    }
    if (written !== size) throw new RangeError(`member ${path} has ${written} bytes instead of ${size}`);
    const rest = (block - (size % block)) % block;
    if (rest > 0) await this.#write(Buffer.alloc(rest));
  }

  async directory(path: string): Promise<void> {
    await this.#header(`${path}/`, 'Directory', 0);
  }

  async end(): Promise<void> {
    await this.#write(Buffer.alloc(2 * block));
  }

  async #header(path: string, type: 'File' | 'Directory', size: number): Promise<void> {
    const mode = type === 'File' ? 0o644 : 0o755;
    const header = new Header({ path, type, size, mode, uid: 0, gid: 0, mtime: new Date(0) });
    const bytes = Buffer.alloc(block);
    if (header.encode(bytes, 0)) throw new RangeError(`member name ${path} is too long`);
    await this.#write(bytes);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const bytes = this.#rest.byteLength === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const whole = bytes.byteLength - (bytes.byteLength % block);
    this.#rest = Buffer.from(bytes.subarray(whole));
    if (whole === 0) return;
    if (this.#out.destroyed) throw this.#out.errored ?? new Error('the output was closed');
    if (!this.#out.write(bytes.subarray(0, whole))) await once(this.#out, 'drain');
  }
}
