import type { EngineServices } from '../services.ts';
import type { NewContainer } from './state/container-store.ts';

/** A lifecycle event with Docker's attributes: the labels, then image and name, then the action's own. */
export function emitContainer(
  services: EngineServices,
  container: Pick<NewContainer, 'id' | 'name' | 'image' | 'labels'>,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  services.events.emit({
    type: 'container',
    action,
    id: container.id,
    attributes: { ...container.labels, image: container.image, name: container.name, ...attributes },
  });
}
