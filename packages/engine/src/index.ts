/** @module The Strata engine as a library. */
export type * from './api/containers.ts';
export type * from './api/drivers.ts';
export type * from './api/engine.ts';
export type * from './api/images.ts';
export type * from './api/networks.ts';
export type * from './api/snapshotter.ts';
export type * from './api/storage.ts';
export type * from './api/system.ts';
export type * from './api/volumes.ts';
export { createEngine } from './create-engine.ts';
