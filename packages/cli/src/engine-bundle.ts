/** @module Everything that needs the engine, as one file of the built program. */
export { commands } from './commands/index.ts';
export { closeHost, openEngine } from './open-engine.ts';
