import type { AnyDriverDefinition, Host } from '@strata/core';
import type { Engine } from '@strata/engine';

/** Where an engine of the bench keeps its store. */
export interface EnginePlace {
  readonly root: string;
  readonly run: string;
  readonly storage: string | undefined;
}

/** What a bench needs from the program around it. */
export interface BenchPorts {
  readonly host: Host;
  /** Every installed driver, built in and added. */
  readonly drivers: readonly AnyDriverDefinition[];
  /** Version of Strata, for the report. */
  readonly version: string;
  /** A whole engine over a store of the bench's own. */
  openEngine(place: EnginePlace): Promise<Engine>;
  /** The user's own engine: images are taken from it, nothing is changed in it. */
  userEngine(): Promise<Engine>;
}
