/** The composition root: everything behind the facade, made when the first verb is called. */
import { Container } from 'inversify';
import type { ContainersApi } from './api/containers.ts';
import type { DriversApi } from './api/drivers.ts';
import type { EngineOptions } from './api/engine.ts';
import type { ImagesApi } from './api/images.ts';
import type { NetworksApi } from './api/networks.ts';
import type { StorageApi } from './api/storage.ts';
import type { SystemApi } from './api/system.ts';
import type { VolumesApi } from './api/volumes.ts';
import { driversModule } from './drivers/drivers.module.ts';
import type { InternalServices } from './internal-services.ts';
import { servicesModule } from './services.module.ts';
import type { EventListener } from './state/event-log.ts';
import { stateModule } from './state/state.module.ts';
import { tokens } from './tokens.ts';

/** What `createEngine` was given and what its facade keeps. */
export interface Composition {
  readonly options: EngineOptions;
  readonly listeners: Set<EventListener>;
  readonly signal: AbortSignal;
}

/** The APIs, each loading its use cases when first asked for. */
export interface Apis {
  readonly services: InternalServices;
  images(): Promise<ImagesApi>;
  containers(): Promise<ContainersApi>;
  networks(): Promise<NetworksApi>;
  volumes(): Promise<VolumesApi>;
  storage(): Promise<StorageApi>;
  drivers(): Promise<DriversApi>;
  system(): Promise<SystemApi>;
}

export function compose(composition: Composition): Apis {
  const container = new Container();
  container.bind(tokens.composition).toConstantValue(composition);
  container.load(stateModule, driversModule, servicesModule);
  const services = container.get<InternalServices>(tokens.services);
  return {
    services,
    images: async () => (await import('./images/images-api.ts')).createImagesApi(services),
    containers: async () => (await import('./containers/containers-api.ts')).createContainersApi(services),
    networks: async () => (await import('./networks/networks-api.ts')).createNetworksApi(services),
    volumes: async () => (await import('./volumes/volumes-api.ts')).createVolumesApi(services),
    storage: async () => (await import('./storage/storage-api.ts')).createStorageApi(services),
    drivers: async () =>
      (await import('./added-drivers/drivers-api.ts')).createDriversApi(
        services,
        composition.options.driverPackages,
      ),
    system: async () => (await import('./system/system-api.ts')).createSystemApi(services),
  };
}
