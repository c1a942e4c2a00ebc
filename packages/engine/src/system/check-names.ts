import { healReference } from '../images/record-image.ts';
import type { InternalServices } from '../internal-services.ts';
import type { Findings } from './findings.ts';

/** The image store's references against our index of them. */
export async function checkNames(services: InternalServices, findings: Findings): Promise<void> {
  const { catalog, imageStore } = services;
  const references = new Map(
    (await imageStore.references()).map(({ name, target }) => [name, target.digest]),
  );
  const names = new Map(catalog.names().map(({ name, manifest }) => [name, manifest]));
  for (const [name, digest] of references) {
    if (names.get(name) === digest && catalog.get(digest) !== undefined) continue;
    await findings.add({
      code: 'IMAGE_NAME_UNKNOWN',
      message: `The image store knows ${name}, the index of images does not, or has another image`,
      subject: name,
      repair: 'read it into the index',
      fix: () => healReference(services, name),
    });
  }
  for (const name of names.keys()) {
    if (references.has(name)) continue;
    await findings.add({
      code: 'IMAGE_NAME_STALE',
      message: `The index of images lists ${name}, the image store does not have it`,
      subject: name,
      repair: 'drop the name',
      fix: async () => catalog.deleteName(name),
    });
  }
}
