/** The facade: one line per verb. Each loads what it needs, and a full disk is always told in one sentence. */
import type { ContainersApi } from './api/containers.ts';
import type { DriversApi } from './api/drivers.ts';
import type { Engine, EngineOptions } from './api/engine.ts';
import type { ImagesApi } from './api/images.ts';
import type { NetworksApi } from './api/networks.ts';
import type { StorageApi } from './api/storage.ts';
import type { SystemApi } from './api/system.ts';
import type { VolumesApi } from './api/volumes.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Apis } from './engine.module.ts';
import type { EventListener } from './state/event-log.ts';

export class EngineFacade implements Engine {
  readonly #dispatcher: Dispatcher;
  readonly images: ImagesApi;
  readonly containers: ContainersApi;
  readonly networks: NetworksApi;
  readonly volumes: VolumesApi;
  readonly storage: StorageApi;
  readonly drivers: DriversApi;
  readonly system: SystemApi;

  constructor(options: EngineOptions) {
    const dispatcher = new Dispatcher(options);
    this.#dispatcher = dispatcher;
    this.images = imageVerbs(dispatcher.verbs((apis: Apis) => apis.images()));
    this.containers = containerVerbs(dispatcher.verbs((apis: Apis) => apis.containers()));
    this.networks = networkVerbs(dispatcher.verbs((apis: Apis) => apis.networks()));
    this.volumes = volumeVerbs(dispatcher.verbs((apis: Apis) => apis.volumes()));
    this.storage = storageVerbs(dispatcher.verbs((apis: Apis) => apis.storage()));
    this.drivers = driverVerbs(dispatcher.verbs((apis: Apis) => apis.drivers()));
    this.system = systemVerbs(dispatcher.verbs((apis: Apis) => apis.system()));
  }

  on(listener: EventListener): () => void {
    return this.#dispatcher.on(listener);
  }

  close(): Promise<void> {
    return this.#dispatcher.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** `call` runs a verb; `free` one that gives space back; `stream` one that yields. */
export interface Verbs<Api> {
  call<T>(verb: (api: Api) => Promise<T>): Promise<T>;
  free<T>(verb: (api: Api) => Promise<T>): Promise<T>;
  stream<T>(verb: (api: Api) => AsyncIterable<T>): AsyncIterable<T>;
}

function imageVerbs({ call, free }: Verbs<ImagesApi>): ImagesApi {
  return {
    pull: (request) => call((api) => api.pull(request)),
    push: (reference, operation) => call((api) => api.push(reference, operation)),
    list: (filter) => call((api) => api.list(filter)),
    inspect: (reference) => call((api) => api.inspect(reference)),
    history: (reference) => call((api) => api.history(reference)),
    tag: (source, target) => call((api) => api.tag(source, target)),
    remove: (reference, options) => free((api) => api.remove(reference, options)),
    prune: (options) => free((api) => api.prune(options)),
    save: (references, output, options) => call((api) => api.save(references, output, options)),
    load: (input, operation) => call((api) => api.load(input, operation)),
    importTar: (input, options) => call((api) => api.importTar(input, options)),
    init: (directory, options) => call((api) => api.init(directory, options)),
    commit: (request) => call((api) => api.commit(request)),
    unpack: (reference, options) => call((api) => api.unpack(reference, options)),
    login: (registry, credentials) => call((api) => api.login(registry, credentials)),
    logout: (registry) => call((api) => api.logout(registry)),
  };
}

function containerVerbs({ call, free, stream }: Verbs<ContainersApi>): ContainersApi {
  return {
    create: (request) => call((api) => api.create(request)),
    start: (container, options) => call((api) => api.start(container, options)),
    run: (request) => call((api) => api.run(request)),
    exec: (request) => call((api) => api.exec(request)),
    attach: (container, options) => call((api) => api.attach(container, options)),
    logs: (request) => stream((api) => api.logs(request)),
    stop: (container, options) => call((api) => api.stop(container, options)),
    kill: (container, signal) => call((api) => api.kill(container, signal)),
    restart: (container, options) => call((api) => api.restart(container, options)),
    pause: (container) => call((api) => api.pause(container)),
    unpause: (container) => call((api) => api.unpause(container)),
    wait: (container, options) => call((api) => api.wait(container, options)),
    top: (container, psArguments) => call((api) => api.top(container, psArguments)),
    list: (filter) => call((api) => api.list(filter)),
    inspect: (container, options) => call((api) => api.inspect(container, options)),
    rename: (container, name) => call((api) => api.rename(container, name)),
    remove: (container, options) => free((api) => api.remove(container, options)),
    prune: (options) => free((api) => api.prune(options)),
    diff: (container) => call((api) => api.diff(container)),
    copyOut: (container, path, options) => call((api) => api.copyOut(container, path, options)),
    copyIn: (container, path, tar, options) => call((api) => api.copyIn(container, path, tar, options)),
    statPath: (container, path) => call((api) => api.statPath(container, path)),
    exportTar: (container) => call((api) => api.exportTar(container)),
    update: (container, changes) => call((api) => api.update(container, changes)),
    stats: (request) => call((api) => api.stats(request)),
    reap: (container) => free((api) => api.reap(container)),
    startWanted: () => call((api) => api.startWanted()),
    keep: () => call((api) => api.keep()),
    cleanup: (container) => free((api) => api.cleanup(container)),
  };
}

function networkVerbs({ call, free }: Verbs<NetworksApi>): NetworksApi {
  return {
    create: (request) => call((api) => api.create(request)),
    list: (filter) => call((api) => api.list(filter)),
    inspect: (network) => call((api) => api.inspect(network)),
    remove: (network) => free((api) => api.remove(network)),
    prune: (options) => free((api) => api.prune(options)),
    connect: (request) => call((api) => api.connect(request)),
    disconnect: (network, container, options) => free((api) => api.disconnect(network, container, options)),
    reload: () => call((api) => api.reload()),
    ports: (container) => call((api) => api.ports(container)),
  };
}

function volumeVerbs({ call, free }: Verbs<VolumesApi>): VolumesApi {
  return {
    create: (request) => call((api) => api.create(request)),
    list: (filter) => call((api) => api.list(filter)),
    inspect: (volume) => call((api) => api.inspect(volume)),
    remove: (volume) => free((api) => api.remove(volume)),
    prune: (options) => free((api) => api.prune(options)),
  };
}

function storageVerbs({ call, free }: Verbs<StorageApi>): StorageApi {
  return {
    drivers: (kind) => call((api) => api.drivers(kind)),
    select: (id) => call((api) => api.select(id)),
    init: (driver, options) => call((api) => api.init(driver, options)),
    snapshotter: (request) => call((api) => api.snapshotter(request)),
    migrate: (request) => free((api) => api.migrate(request)),
    prune: () => free((api) => api.prune()),
  };
}

function driverVerbs({ call, free }: Verbs<DriversApi>): DriversApi {
  return {
    add: (spec, options) => call((api) => api.add(spec, options)),
    inspect: (name) => call((api) => api.inspect(name)),
    remove: (name) => free((api) => api.remove(name)),
    upgrade: (name, options) => call((api) => api.upgrade(name, options)),
    borrow: (named, use, options) => call((api) => api.borrow(named, use, options)),
  };
}

function systemVerbs({ call, free, stream }: Verbs<SystemApi>): SystemApi {
  return {
    info: () => call((api) => api.info()),
    check: (options) => free((api) => api.check(options)),
    events: (options) => stream((api) => api.events(options)),
    diskUsage: () => call((api) => api.diskUsage()),
  };
}
