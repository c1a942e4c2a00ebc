import type { PacketSocket, Sockets } from '@strata/core';
import { native } from '../native.ts';
import { AT_FDCWD, O_PATH } from '../tree/flags.ts';

const READABLE = 1;
const WRITABLE = 2;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
/** Bytes of a path in sockaddr_un, without the closing NUL (unix(7)). */
const SUN_PATH = 107;
const PACKET_BYTES = 65_536;
/** Packets taken in a row before the event loop gets a turn. */
const BURST = 64;

/** A packet this long is one of many. */
const BULK_BYTES = 4096;
/** Milliseconds in which a busy peer fills its queue again. */
const GATHER = 0.1;
const NOTHING = new Int32Array(new SharedArrayBuffer(4));

/**
 * In the middle of many packets let some gather: to wait for readiness costs a dozen system calls, more than to take a
 * packet, and whoever waits for each keeps the peer from running. A timer is a millisecond at least, so we sleep.
 */
const gather = (): void => void Atomics.wait(NOTHING, 0, 0, GATHER);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Readiness comes from the event loop (uv_poll), so a silent peer costs no thread and any number of sockets may
 * stay open for hours. libuv allows one wait per descriptor; sending waits on a duplicate.
 */
class UnixPacketSocket implements PacketSocket {
  #fd: number;
  #sendFd: number | undefined;
  #closing = false;
  #users = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async *packets(): AsyncGenerator<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(PACKET_BYTES);
    this.#users++;
    try {
      let bulk = false;
      for (let taken = 1; !this.#closing; taken++) {
        const length = this.#receive(buffer);
        if (length === 0) return;
        if (length > 0) {
          bulk ||= length >= BULK_BYTES;
          yield buffer.subarray(0, length);
        } else if (bulk) {
          bulk = false;
          gather();
          await turn();
        } else await native().poll(this.#fd, READABLE);
        if (taken % BURST === 0) await turn();
      }
    } finally {
      this.#leave();
    }
  }

  /** A peer that was killed with our bytes unread shows as ECONNRESET: for a reader that is the end. */
  #receive(buffer: Buffer): number {
    try {
      return native().receive(this.#fd, buffer);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return 0;
      throw error;
    }
  }

  async send(packet: Uint8Array): Promise<void> {
    this.#users++;
    try {
      while (native().send(this.#closing ? -1 : this.#fd, packet) === -1) {
        this.#sendFd ??= native().duplicate(this.#fd);
        await native().poll(this.#sendFd, WRITABLE);
      }
    } finally {
      this.#leave();
    }
  }

  end(): void {
    if (!this.#closing) shutdown(this.#fd, SHUT_WR);
  }

  /** Shutting down wakes whoever waits; the descriptor is closed when the last of them has left. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    shutdown(this.#fd, SHUT_RDWR);
    this.#users++;
    this.#leave();
  }

  #leave(): void {
    this.#users--;
    if (!this.#closing || this.#users > 0 || this.#fd === -1) return;
    if (this.#sendFd !== undefined) native().close(this.#sendFd);
    native().close(this.#fd);
    this.#fd = -1;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function shutdown(fd: number, how: number): void {
  try {
    native().shutdown(fd, how);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTCONN') throw error;
  }
}

/** A path that does not fit `sun_path` is reached through an O_PATH descriptor of the socket itself. */
function connect(path: string): number {
  if (Buffer.byteLength(path) <= SUN_PATH) return native().connectPackets(path);
  const node = native().open(AT_FDCWD, path, O_PATH, 0);
  try {
    return native().connectPackets(`/proc/self/fd/${node}`);
  } finally {
    native().close(node);
  }
}

export function createSockets(): Sockets {
  return {
    connectPackets: async (path) => new UnixPacketSocket(connect(path)),
  };
}
