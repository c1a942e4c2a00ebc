/** @module The containerd snapshotter, as one file of the built program. */
export { serveSnapshotter } from '@strata/containerd-snapshotter';
