/**
 * conmon's attach socket (SOCK_SEQPACKET): what it sends is one byte, 2 for standard output and 3 for standard
 * error, and up to 8192 bytes; what it receives is input, up to 32 KiB a packet; an end of packets ends the input.
 */
import { type AttachedStreams, errnoOf, type Host, type PacketSocket, StrataError } from '@strata/core';
import { type OutputBlock, ReadAhead } from './read-ahead.ts';

const stdoutByte = 2;
const stderrByte = 3;
/** conmon reads at most 32 KiB minus one into its buffer and drops the rest of a packet. */
const inputPacket = 16 * 1024;

/** @throws failed-precondition when the process has ended */
export async function attachStreams(host: Host, path: string): Promise<AttachedStreams> {
  try {
    return new ConmonStreams(await host.sockets.connectPackets(path));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOENT' && errno !== 'ECONNREFUSED') throw error;
    throw new StrataError('failed-precondition', 'CONTAINER_NOT_RUNNING', 'The process has ended already', {
      cause: error,
    });
  }
}

class ConmonStreams implements AttachedStreams {
  readonly #socket: PacketSocket;
  readonly #ahead = new ReadAhead();
  #closed = false;

  constructor(socket: PacketSocket) {
    this.#socket = socket;
    void this.#readAhead();
  }

  async #readAhead(): Promise<void> {
    try {
      for await (const packet of this.#socket.packets()) {
        const stream = packet[0] === stdoutByte ? 'stdout' : packet[0] === stderrByte ? 'stderr' : undefined;
        if (stream !== undefined && packet.length > 1) this.#ahead.push(stream, packet.subarray(1));
        await this.#ahead.room();
      }
      this.#ahead.end();
    } catch (error) {
      // Closing the socket under a pending read is how a client leaves; a reset is how a killed monitor does.
      this.#ahead.end(this.#closed || errnoOf(error) === 'ECONNRESET' ? undefined : error);
    }
  }

  output(): AsyncIterable<OutputBlock> {
    return this.#ahead.blocks();
  }

  async write(data: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < data.length && !this.#closed; at += inputPacket)
        await this.#socket.send(data.subarray(at, at + inputPacket));
    } catch (error) {
      // The process closed its input or ended, as `yes | true` does to a pipe.
      if (!this.#closed && errnoOf(error) !== 'EPIPE' && errnoOf(error) !== 'ECONNRESET') throw error;
    }
  }

  endInput(): void {
    if (!this.#closed) this.#socket.end();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ahead.end();
    await this.#socket.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
