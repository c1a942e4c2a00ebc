/** `network reload`, and the same by itself when a driver is first used after a reboot. */
import type { Attachment, NetworkSpec } from '@strata/core';
import type { EngineServices } from '../services.ts';
import { allEndpoints } from './endpoint-store.ts';
import { allNetworks } from './network-store.ts';

const setting = (driver: string) => `network.boot.${driver}`;

/** Every bridge and rule went with the last boot, and so did whoever was attached. */
export async function restoreAfterBoot(services: EngineServices, driver: string): Promise<void> {
  const { host, paths } = services;
  const bootId = host.processes.self.bootId;
  if (bootOf(services, driver) === bootId) return;
  await using _lock = await host.locks.acquire(paths.lock('name', `network-boot-${driver}`));
  if (bootOf(services, driver) === bootId) return;
  if (bootOf(services, driver) !== undefined) {
    const { cleanupContainers } = await import('../containers/cleanup-containers.ts');
    await cleanupContainers(services);
    await restoreDriver(services, driver);
  }
  services.database.run(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    setting(driver),
    bootId,
  );
}

/** How many networks were made again. */
export async function reloadNetworks(services: EngineServices): Promise<number> {
  const networks = allNetworks(services.database);
  for (const driver of new Set(networks.map((network) => network.driver)))
    await restoreDriver(services, driver);
  return networks.length;
}

export async function restoreDriver(services: EngineServices, driver: string): Promise<void> {
  const { networks, attachments } = holdingsOf(services, driver);
  await (await services.drivers.get('network', driver)).restore(networks, attachments);
}

/** Its host-side state was made since the last boot. */
export function isRestored(services: EngineServices, driver: string): boolean {
  return bootOf(services, driver) === services.host.processes.self.bootId;
}

/** What a driver has on the host, as far as we know. */
export function holdingsOf(
  services: EngineServices,
  driver: string,
): { readonly networks: readonly NetworkSpec[]; readonly attachments: readonly Attachment[] } {
  const networks = allNetworks(services.database).filter((network) => network.driver === driver);
  const ids = new Set(networks.map(({ id }) => id));
  const attachments = allEndpoints(services.database)
    .filter(({ network }) => ids.has(network))
    .map(({ attachment }) => attachment)
    .filter((attachment): attachment is Attachment => attachment !== undefined);
  return { networks: networks.map(({ spec }) => spec), attachments };
}

function bootOf(services: EngineServices, driver: string): string | undefined {
  return services.database.get<{ value: string }>(
    'SELECT value FROM settings WHERE name = ?',
    setting(driver),
  )?.value;
}
