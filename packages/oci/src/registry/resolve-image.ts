import type { Descriptor, Platform } from '@strata/core';
import { StrataError } from '@strata/core';
import type { ImageManifest } from '../document/manifest.ts';
import { layerCompression, mediaTypes } from '../document/media-types.ts';
import { selectManifest } from '../platform/select-manifest.ts';
import { formatReference, type Reference } from '../reference/reference.ts';
import type { RegistryClient } from './client.ts';
import type { CallOptions, FetchedManifest } from './manifest-request.ts';

const maxNesting = 4;

/** The one image a reference means on a platform. */
export interface ResolvedImage {
  /** What the reference itself points at: an index, or the manifest. Its digest is the "repo digest". */
  readonly top: FetchedManifest;
  readonly manifest: ImageManifest;
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/**
 * Ask the registry what `reference` is on `platform`: follows indexes, nested at most four deep and never in a circle.
 * @throws not-found `MANIFEST_NOT_FOUND`, `PLATFORM_NOT_FOUND`; invalid-argument `INDEX_NESTED`, `NOT_AN_IMAGE`
 */
export async function resolveImage(
  client: Pick<RegistryClient, 'manifest'>,
  request: { readonly reference: Reference; readonly platform: Platform } & CallOptions,
): Promise<ResolvedImage> {
  const { reference, platform, signal } = request;
  const name = formatReference(reference);
  const options = signal === undefined ? {} : { signal };
  const top = await client.manifest(reference, options);
  const seen = new Set<string>([top.descriptor.digest]);
  let current = top;
  while (current.document.kind === 'index') {
    const entry = selectManifest(current.document, platform, name);
    if (seen.has(entry.digest) || seen.size > maxNesting) throw nested(name);
    seen.add(entry.digest);
    const { tag: _, ...untagged } = reference;
    current = await client.manifest({ ...untagged, digest: entry.digest }, { ...options, expected: entry });
  }
  checkIsImage(current.document, name);
  return { top, manifest: current.document, descriptor: current.descriptor, bytes: current.bytes };
}

const configTypes: readonly string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig];

/** Artifacts (charts, signatures, models) share registries and manifests with images. @throws invalid-argument `NOT_AN_IMAGE` */
export function checkIsImage(manifest: ImageManifest, name: string): void {
  const layers = manifest.layers.find((layer) => layerCompression(layer.mediaType) === undefined);
  if (layers === undefined && (configTypes.includes(manifest.config.mediaType) || manifest.layers.length > 0))
    return;
  const type = manifest.artifactType ?? layers?.mediaType ?? manifest.config.mediaType;
  throw new StrataError('invalid-argument', 'NOT_AN_IMAGE', `${name} is not a container image but ${type}`, {
    hint: 'this engine runs images; artifacts such as charts, signatures or encrypted layers need their own tool',
  });
}

function nested(name: string): StrataError {
  return new StrataError(
    'invalid-argument',
    'INDEX_NESTED',
    `the index of ${name} refers to itself or nests more than ${maxNesting} deep`,
    {
      hint: 'the image is broken; ask its publisher to push it again',
    },
  );
}
