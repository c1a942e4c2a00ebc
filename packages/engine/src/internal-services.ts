import type { Registry } from './drivers/driver-registry.ts';
import type { Pools } from './drivers/pools.ts';
import type { Selection } from './drivers/select-driver.ts';
import type { ImageCatalog } from './images/image-catalog.ts';
import type { EngineServices } from './services.ts';
import type { StorePaths } from './state/paths.ts';
import type { Settings } from './state/settings.ts';

/** {@link EngineServices} and what images, storage and system share beyond it. */
export interface InternalServices extends EngineServices {
  readonly paths: StorePaths;
  readonly drivers: Registry;
  readonly settings: Settings;
  readonly selection: Selection;
  readonly pools: Pools;
  readonly catalog: ImageCatalog;
}
