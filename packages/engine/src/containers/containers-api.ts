import type { ContainersApi } from '../api/containers.ts';
import type { EngineServices } from '../services.ts';

/** One line per verb; each loads its own use case, so that `run` does not pay for `cp`. */
export function createContainersApi(services: EngineServices): ContainersApi {
  return {
    create: async (request) => {
      const { createContainer } = await import('./create-container.ts');
      const { container, warnings } = await createContainer(services, request);
      return { id: container.id, warnings };
    },
    run: async (request) => (await import('./run-container.ts')).runContainer(services, request),
    start: async (container, options = {}) =>
      (await import('./start-container.ts')).startContainer(services, container, {
        attach: options.attach === true,
        onProgress: options.onProgress,
      }),
    attach: async (container) => (await import('./start-container.ts')).attachContainer(services, container),
    restart: async (container, options) =>
      (await import('./start-container.ts')).restartContainer(services, container, options),
    exec: async (request) => (await import('./exec-container.ts')).execContainer(services, request),
    logs: (request) => readLogs(services, request),
    stop: async (container, options) =>
      (await import('./stop-container.ts')).stopContainer(services, container, options),
    kill: async (container, signal) =>
      (await import('./stop-container.ts')).killContainer(services, container, signal),
    pause: async (container) => (await import('./pause-container.ts')).pauseContainer(services, container),
    unpause: async (container) =>
      (await import('./pause-container.ts')).unpauseContainer(services, container),
    wait: async (container, options) =>
      (await import('./wait-container.ts')).waitContainer(services, container, options),
    top: async (container, psArguments) =>
      (await import('./top-container.ts')).topContainer(services, container, psArguments),
    list: async (filter) => (await import('./list-containers.ts')).listAndReap(services, filter),
    inspect: async (container, options) =>
      (await import('./inspect/inspect-container.ts')).inspectContainer(services, container, options),
    rename: async (container, name) =>
      (await import('./rename-container.ts')).renameContainer(services, container, name),
    remove: async (container, options) =>
      (await import('./remove-container.ts')).removeContainer(services, container, options),
    prune: async (options) => (await import('./remove-container.ts')).pruneContainers(services, options),
    diff: async (container) => (await import('./diff-container.ts')).diffContainer(services, container),
    copyOut: async (container, path, options) =>
      (await import('./copy/copy-container.ts')).copyOut(services, container, path, options),
    copyIn: async (container, path, tar, options) =>
      (await import('./copy/copy-container.ts')).copyIn(services, container, { path, tar, ...options }),
    statPath: async (container, path) =>
      (await import('./copy/copy-container.ts')).statPath(services, container, path),
    exportTar: async (container) =>
      (await import('./copy/export-container.ts')).exportTar(services, container),
    update: async (container, changes) =>
      (await import('./update-container.ts')).updateConfig(services, container, changes),
    stats: async (request = {}) => (await import('./container-stats.ts')).containerStats(services, request),
    reap: async (container) => (await import('./cleanup-containers.ts')).reapByName(services, container),
    startWanted: async () => (await import('./restart/restart-container.ts')).startWanted(services),
    keep: async () => (await import('./keeper/keep.ts')).keep(services),
    cleanup: async (container) =>
      (await import('./cleanup-containers.ts')).cleanupContainers(services, container),
  };
}

async function* readLogs(
  services: EngineServices,
  request: Parameters<ContainersApi['logs']>[0],
): ReturnType<ContainersApi['logs']> {
  const { containerLogs } = await import('./logs/container-logs.ts');
  yield* containerLogs(services, request);
}
