import type { EngineServices } from '../services.ts';

/** Docker's attributes: name and type (the driver), and the container of a connect. */
export function emitNetwork(
  services: EngineServices,
  network: { readonly id: string; readonly name: string; readonly driver: string },
  action: 'create' | 'destroy' | 'connect' | 'disconnect',
  container?: string,
): void {
  services.events.emit({
    type: 'network',
    action,
    id: network.id,
    attributes: {
      name: network.name,
      type: network.driver,
      ...(container === undefined ? {} : { container }),
    },
  });
}
