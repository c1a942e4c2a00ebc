import type { Engine, EngineOptions } from './api/engine.ts';
import { EngineFacade } from './engine.ts';

/**
 * Open an engine over a store. Nothing is read or made before the first verb, so this costs next to nothing; bad
 * driver definitions and a damaged store show at the first verb.
 */
export function createEngine(options: EngineOptions): Engine {
  return new EngineFacade(options);
}
