import type { InternalServices } from '../internal-services.ts';
import { openRegistry } from './open-registry.ts';

export async function login(
  services: InternalServices,
  registry: string,
  credentials: { readonly username: string; readonly password: string },
): Promise<{ readonly stored: string }> {
  await using opened = await openRegistry(services);
  return { stored: await opened.client.login(registry, credentials) };
}

export async function logout(services: InternalServices, registry: string): Promise<boolean> {
  await using opened = await openRegistry(services);
  return await opened.client.logout(registry);
}
