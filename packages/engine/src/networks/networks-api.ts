import type { NetworksApi } from '../api/networks.ts';
import type { EngineServices } from '../services.ts';

/** One line per verb; each loads its own use case. */
export function createNetworksApi(services: EngineServices): NetworksApi {
  return {
    create: async (request) => {
      const { id, name } = await (await import('./make-network.ts')).makeNetwork(services, request);
      return { id, name };
    },
    list: async (filter) => (await import('./list-networks.ts')).listNetworks(services, filter),
    inspect: async (network) => (await import('./list-networks.ts')).inspectNetwork(services, network),
    remove: async (network) => (await import('./remove-network.ts')).removeNetwork(services, network),
    prune: async (options) => (await import('./remove-network.ts')).pruneNetworks(services, options),
    connect: async (request) => (await import('./connect-container.ts')).connectContainer(services, request),
    disconnect: async (network, container, options) =>
      (await import('./connect-container.ts')).disconnectContainer(services, network, container, options),
    reload: async () => (await import('./restore-networks.ts')).reloadNetworks(services),
    ports: async (container) => (await import('./container-ports.ts')).containerPorts(services, container),
  };
}
