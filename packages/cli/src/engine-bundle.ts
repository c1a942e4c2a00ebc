/** @module Everything that needs the engine, as one file of the built program. */
export * as handlers from './commands/index.ts';
export { openEngine } from './open-engine.ts';
