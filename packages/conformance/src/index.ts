export type * from './snapshotter/snapshotter.ts';
