/**
 * conmon's attach socket (SOCK_SEQPACKET): what it sends is one byte, 2 for standard output and 3 for standard
 * error, and up to 8192 bytes; what it receives is input, up to 32 KiB a packet; an end of packets ends the input.
 */
import { type AttachedStreams, errnoOf, type Host, type PacketSocket, StrataError } from '@strata/core';

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
  #closed = false;

  constructor(socket: PacketSocket) {
    this.#socket = socket;
  }

  async *output(): AsyncIterable<{ stream: 'stdout' | 'stderr'; data: Buffer }> {
    for await (const packet of this.#socket.packets()) {
      if (packet.length < 2) continue;
      if (packet[0] === stdoutByte) yield { stream: 'stdout', data: packet.subarray(1) };
      else if (packet[0] === stderrByte) yield { stream: 'stderr', data: packet.subarray(1) };
    }
  }

  async write(data: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < data.length; at += inputPacket)
        await this.#socket.send(data.subarray(at, at + inputPacket));
    } catch (error) {
      // The process closed its input or ended, as `yes | true` does to a pipe.
      if (errnoOf(error) !== 'EPIPE' && errnoOf(error) !== 'ECONNRESET') throw error;
    }
  }

  endInput(): void {
    this.#socket.end();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#socket.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
