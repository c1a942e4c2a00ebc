import { readSync, writeSync } from 'node:fs';
import { errnoOf } from '@strata/core';
import { native } from '../native.ts';

const READABLE = 1;
const WRITABLE = 2;
const CHUNK = 65_536;

const shared = Buffer.allocUnsafeSlow(CHUNK);

/** Everything that comes out of a pipe, read as it comes. Owns the descriptor. */
export class Collector {
  /** Resolves at the end of the pipe; stays open while any process holds the other side. */
  readonly ended: Promise<void>;
  readonly #fd: number;
  readonly #room: (bytes: number) => void;
  readonly #chunks: Buffer[] = [];
  #over = false;

  /** `room` hears of every chunk before it is kept. */
  constructor(fd: number, room: (bytes: number) => void) {
    this.#fd = fd;
    this.#room = room;
    // A pipe does not fail to be read; if it did, its program would still end.
    this.ended = this.#collect().catch(() => this.leave());
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  /** Take what lies in the pipe now. True at its end. */
  drain(): boolean {
    while (!this.#over && this.#readOnce());
    return this.#over;
  }

  /** Forget what may still come: the descriptor closes when its other side does, or says something. */
  leave(): void {
    this.#over = true;
  }

  async #collect(): Promise<void> {
    try {
      while (!this.#over) {
        // In the background: it is the program that keeps us waiting, not a grandchild with its output.
        await native().poll(this.#fd, READABLE, true);
        this.#readOnce();
      }
    } finally {
      native().close(this.#fd);
    }
  }

  /** False when there is nothing to read now, or ever again. */
  #readOnce(): boolean {
    if (this.#over) return false;
    try {
      const length = readSync(this.#fd, shared);
      this.#over = length === 0;
      if (length > 0) this.#keep(shared.subarray(0, length));
      return length > 0;
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return false;
      throw error;
    }
  }

  #keep(bytes: Buffer): void {
    this.#room(bytes.length);
    this.#chunks.push(Buffer.from(bytes));
  }
}

/** Write all of `bytes` into a pipe and close it. A reader that has seen enough is no error, nor one that is gone. */
export async function feed(fd: number, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; ) {
      await native().poll(fd, WRITABLE, true);
      at += writeSome(fd, bytes.subarray(at));
    }
  } catch {
    // EPIPE; how the program ended tells what it lacked.
  } finally {
    native().close(fd);
  }
}

/** poll made the descriptor non-blocking: what does not fit now is left for the next time. */
function writeSome(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return 0;
    throw error;
  }
}
