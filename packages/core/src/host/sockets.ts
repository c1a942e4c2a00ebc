/** A SOCK_SEQPACKET unix connection (conmon's attach socket): packets keep their boundaries. */
export interface PacketSocket extends AsyncDisposable {
  /** Packets until the peer ends; each at most 64 KiB. The yielded buffer is only valid until the next one. */
  packets(): AsyncIterable<Buffer>;
  /** Send one packet, waiting while the peer is slow. */
  send(packet: Uint8Array): Promise<void>;
  /** Half-close: no more packets from us. */
  end(): void;
  close(): Promise<void>;
}

export interface Sockets {
  /** Connect; `path` may be longer than sun_path (108 bytes) allows. @throws ENOENT, ECONNREFUSED */
  connectPackets(path: string): Promise<PacketSocket>;
}
