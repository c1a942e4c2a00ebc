import { createServer, type ServerHttp2Session } from 'node:http2';
import type { Interceptor } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { Locks, Log } from '@strata/core';
import { Snapshots } from '../gen/containerd/services/snapshots/v1/snapshots_pb.js';
import { toGrpc } from './errors.ts';
import { snapshotsService } from './service.ts';
import type { Snapshotter } from './snapshotter.ts';
import { listen } from './socket.ts';

export interface ServeOptions {
  readonly snapshotter: Snapshotter;
  /** Absolute path of the socket to make, or `fd://` for the one systemd passed. */
  readonly address: string;
  readonly locks: Locks;
  readonly log: Log;
  /** How long `close` lets calls under way finish before it breaks their connections, in ms; default 10 s. */
  readonly grace?: number;
}

export interface SnapshotterServer extends AsyncDisposable {
  /** Let calls under way finish, then end; the socket is gone afterwards. Idempotent. */
  close(): Promise<void>;
}

const DEFAULT_GRACE = 10_000;
/** containerd's own limit for a gRPC message (defaults.DefaultMaxRecvMsgSize). */
const MESSAGE_BYTES = 16 << 20;

/**
 * Serve a snapshotter as `containerd.services.snapshots.v1.Snapshots`, gRPC without TLS on a unix socket: what
 * containerd's `[proxy_plugins]` connect to (containerd docs/PLUGINS.md).
 *
 * @throws failed-precondition `ADDRESS_IN_USE`, `ADDRESS_TAKEN`, `SOCKET_NOT_PASSED`; invalid-argument
 *   `ADDRESS_INVALID`; permission-denied `ADDRESS_DIRECTORY_OPEN`
 */
export async function serveSnapshotter(options: ServeOptions): Promise<SnapshotterServer> {
  const calls = new Calls(options.log);
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => router.service(Snapshots, snapshotsService(options.snapshotter)),
      interceptors: [calls.intercept],
      connect: false,
      grpcWeb: false,
      acceptCompression: [],
      readMaxBytes: MESSAGE_BYTES,
      writeMaxBytes: MESSAGE_BYTES,
    }),
  );
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // A client that breaks its connection is no news; without a listener it would end the process.
    session.on('error', (error) => options.log.debug('connection broken', { error: error.message }));
  });
  const lock = await listen(server, options.address, options.locks);
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const session of sessions) session.close();
    const timer = setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, options.grace ?? DEFAULT_GRACE);
    await closed;
    clearTimeout(timer);
    await calls.settled();
    await lock?.release();
  };
  let closing: Promise<void> | undefined;
  const closeOnce = () => {
    closing ??= close();
    return closing;
  };
  return { close: closeOnce, [Symbol.asyncDispose]: closeOnce };
}

/** Calls under way: their errors get a code, and nobody closes the store below one whose connection is gone. */
class Calls {
  readonly #log: Log;
  readonly #running = new Set<Promise<unknown>>();

  constructor(log: Log) {
    this.#log = log;
  }

  readonly intercept: Interceptor = (next) => async (request) => {
    const call = next(request);
    this.#running.add(call);
    try {
      return await call;
    } catch (error) {
      const answer = toGrpc(error);
      this.#log.debug(request.method.name, { code: answer.code, message: answer.rawMessage });
      throw answer;
    } finally {
      this.#running.delete(call);
    }
  };

  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
