import type { ImagesApi } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';

/** Each verb loads its story when it is first used. */
export function createImagesApi(services: InternalServices): ImagesApi {
  return {
    pull: async (request) => (await import('./pull-image.ts')).pullImage(services, request),
    push: async (reference, operation) =>
      (await import('./push-image.ts')).pushImage(services, reference, operation),
    list: async (filter) => (await import('./list-images.ts')).listImages(services.database, filter),
    inspect: async (reference) => (await import('./inspect-image.ts')).inspectImage(services, reference),
    history: async (reference) => (await import('./inspect-image.ts')).imageHistory(services, reference),
    tag: async (source, target) => (await import('./tag-image.ts')).tagImage(services, source, target),
    remove: async (reference, options) =>
      (await import('./remove-image.ts')).removeImage(services, reference, options),
    prune: async (options) => (await import('./prune-images.ts')).pruneImages(services, options),
    save: async (references, output, options) =>
      (await import('./save-images.ts')).saveImages(services, { references, output, ...options }),
    load: async (input, operation) =>
      (await import('./load-images.ts')).loadImages(services, input, operation),
    importTar: async (input, options) =>
      (await import('./import-image.ts')).importTar(services, input, options),
    init: async (directory, options) =>
      (await import('./import-image.ts')).initImage(services, directory, options),
    commit: async (request) => (await import('./commit-container.ts')).commitContainer(services, request),
    unpack: async (reference, options) =>
      (await import('./unpack-image.ts')).unpackImage(services, reference, options),
    login: async (registry, credentials) =>
      (await import('./login.ts')).login(services, registry, credentials),
    logout: async (registry) => (await import('./login.ts')).logout(services, registry),
  };
}
