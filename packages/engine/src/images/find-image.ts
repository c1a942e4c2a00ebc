import { type Digest, isDigest, isStrataError } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import { imageErrors } from './image-errors.ts';
import type { ImageRecord } from './image-record.ts';
import { healReference } from './record-image.ts';

export interface FoundImage {
  readonly record: ImageRecord;
  /** The stored name that matched; undefined when it was found by id. */
  readonly name: string | undefined;
}

/** By full id, name, or unambiguous id prefix, in Docker's order. @throws not-found `IMAGE_NOT_FOUND`; failed-precondition `IMAGE_AMBIGUOUS` */
export async function findImage(services: InternalServices, text: string): Promise<FoundImage> {
  const found = await lookUpImage(services, text);
  if (found === undefined) throw imageErrors.notFound(text);
  return found;
}

export async function lookUpImage(services: InternalServices, text: string): Promise<FoundImage | undefined> {
  const byId = byFullId(services, text);
  if (byId !== undefined) return { record: byId, name: undefined };
  return (await byName(services, text)) ?? byPrefix(services, text);
}

function byFullId({ catalog }: InternalServices, text: string): ImageRecord | undefined {
  const digest = /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text;
  if (!isDigest(digest)) return undefined;
  return catalog.byId(digest)[0] ?? catalog.get(digest);
}

async function byName(services: InternalServices, text: string): Promise<FoundImage | undefined> {
  for (const name of await possibleNames(services, text)) {
    const manifest = services.catalog.name(name) ?? (await healReference(services, name));
    const record = manifest && services.catalog.get(manifest);
    if (record !== undefined) return { record, name };
  }
  return byRepositoryDigest(services, text);
}

/** Canonical names the text may stand for; none when it is no reference at all. */
async function possibleNames(services: InternalServices, text: string): Promise<readonly string[]> {
  const { canonicalName, isShortName, parseReference, withDefaultTag } = await import(
    '@strata/oci/reference'
  );
  try {
    const first = canonicalName(withDefaultTag(parseReference(text)));
    if (!isShortName(text) || services.catalog.name(first) !== undefined) return [first];
    const { openRegistry } = await import('./open-registry.ts');
    await using registry = await openRegistry(services);
    const others = await registry.client.candidates(text);
    return [...new Set([first, ...others.map((reference) => canonicalName(withDefaultTag(reference)))])];
  } catch (error) {
    if (isStrataError(error, 'invalid-argument') || isStrataError(error, 'not-found')) return [];
    throw error;
  }
}

/** `repo@sha256:…` where the image was pulled by a tag of that repository. */
async function byRepositoryDigest(
  { catalog }: InternalServices,
  text: string,
): Promise<FoundImage | undefined> {
  const at = text.lastIndexOf('@');
  const digest = text.slice(at + 1);
  if (at < 1 || !isDigest(digest)) return undefined;
  const { parseReference, repositoryName } = await import('@strata/oci/reference');
  const repository = repositoryName(parseReference(text));
  const record = catalog.get(digest);
  const known = record && catalog.names(digest).some(({ name }) => repositoryOf(name) === repository);
  return known ? { record, name: undefined } : undefined;
}

function byPrefix({ catalog }: InternalServices, text: string): FoundImage | undefined {
  const hex = text.replace(/^sha256:/, '');
  if (!/^[0-9a-f]{1,63}$/.test(hex)) return undefined;
  const [id, second] = catalog.idsByPrefix(hex);
  if (second !== undefined) throw imageErrors.ambiguous(text);
  const record = id && catalog.byId(id as Digest)[0];
  return record ? { record, name: undefined } : undefined;
}

/** `registry/path` of a stored name. */
export function repositoryOf(name: string): string {
  const at = name.indexOf('@');
  const plain = at < 0 ? name : name.slice(0, at);
  const colon = plain.lastIndexOf(':');
  return colon > plain.lastIndexOf('/') ? plain.slice(0, colon) : plain;
}
