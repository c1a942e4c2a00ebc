import type { SystemApi } from '../api/system.ts';
import type { InternalServices } from '../internal-services.ts';

export function createSystemApi(services: InternalServices): SystemApi {
  return {
    info: async () => (await import('./system-info.ts')).systemInfo(services),
    check: async (options) => (await import('./check-store.ts')).checkStore(services, options),
    events: (options) => followEvents(services, options),
    diskUsage: async () => (await import('./disk-usage.ts')).diskUsage(services),
  };
}

async function* followEvents(
  services: InternalServices,
  options: Parameters<SystemApi['events']>[0],
): ReturnType<SystemApi['events']> {
  const { streamEvents } = await import('./stream-events.ts');
  yield* streamEvents(services, options);
}
