/** @module Serve a layer driver to containerd as a proxy snapshotter. */
export { type ServeOptions, type SnapshotterServer, serveSnapshotter } from './serve.ts';
export type * from './snapshotter.ts';
export { ACTIVATED } from './socket.ts';
