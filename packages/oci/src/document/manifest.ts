import type { Descriptor, Digest } from '@strata/core';
import { StrataError } from '@strata/core';
import { isIndexType, isManifestType, isSchema1Type, mediaTypes } from './media-types.ts';
import { invalidDocument, type JsonObject, parseJsonObject } from './parse-json.ts';
import type { RawDescriptor } from './schemas.ts';

/** One platform's image: its config and its layers, base first. */
export interface ImageManifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Set on artifacts that are not images. */
  readonly artifactType: string | undefined;
}

/** Manifests of several platforms. */
export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Parse manifest or index bytes whose digest was already checked. `contentType` is what the source declared (HTTP
 * Content-Type or the descriptor's mediaType); where the body names its type as well they must agree, and a
 * document that could be read as either is refused (CVE-2021-41190).
 *
 * @throws invalid-argument `MANIFEST_AMBIGUOUS`, `MANIFEST_SCHEMA1`, `DOCUMENT_INVALID`, `DOCUMENT_TOO_LARGE`
 */
export async function parseManifest(
  bytes: Uint8Array,
  contentType?: string,
): Promise<ImageManifest | ImageIndex> {
  const document = parseJsonObject(bytes, { what: 'manifest' });
  const mediaType = documentType(document, contentType);
  const { check, indexSchema, manifestSchema } = await import('./schemas.ts');
  if (isIndexType(mediaType)) {
    const checked = check(indexSchema, document);
    if ('problem' in checked) throw invalidDocument('image index', checked.problem);
    const { manifests, annotations } = checked.output;
    return {
      kind: 'index',
      mediaType,
      manifests: manifests.map(toDescriptor),
      annotations: annotations ?? {},
    };
  }
  const checked = check(manifestSchema, document);
  if ('problem' in checked) throw invalidDocument('manifest', checked.problem);
  const { config, layers, annotations, artifactType } = checked.output;
  return {
    kind: 'manifest',
    mediaType,
    config: toDescriptor(config),
    layers: layers.map(toDescriptor),
    annotations: annotations ?? {},
    artifactType: artifactType ?? undefined,
  };
}

function documentType(document: JsonObject, contentType: string | undefined): string {
  const declared = contentType?.split(';')[0]?.trim().toLowerCase();
  const own =
    typeof document.mediaType === 'string' && document.mediaType !== '' ? document.mediaType : undefined;
  if (isSchema1(document, declared, own)) throw schema1();
  checkUnambiguous(document);
  const known =
    declared !== undefined && (isIndexType(declared) || isManifestType(declared)) ? declared : undefined;
  if (own !== undefined && known !== undefined && own !== known) {
    throw ambiguous(`it was sent as ${known} but calls itself ${own}`);
  }
  const type = own ?? known ?? ('manifests' in document ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  if (!isIndexType(type) && !isManifestType(type)) {
    throw invalidDocument('manifest', `its media type ${type} is neither an image manifest nor an index`);
  }
  if (isIndexType(type) && !('manifests' in document))
    throw ambiguous(`it is called ${type} but has no manifests`);
  if (isManifestType(type) && 'manifests' in document)
    throw ambiguous(`it is called ${type} but lists manifests`);
  return type;
}

function isSchema1(document: JsonObject, declared: string | undefined, own: string | undefined): boolean {
  if (document.schemaVersion === 1) return true;
  return [declared, own].some((type) => type !== undefined && isSchema1Type(type));
}

function checkUnambiguous(document: JsonObject): void {
  const has = (key: string) => document[key] !== undefined;
  if (has('manifests') && (has('config') || has('layers')))
    throw ambiguous('it has both manifests and layers');
  if (has('fsLayers') || (has('history') && has('layers'))) {
    throw ambiguous('it mixes fields of schema 1 with others');
  }
}

function ambiguous(why: string): StrataError {
  return new StrataError('invalid-argument', 'MANIFEST_AMBIGUOUS', `the manifest is ambiguous: ${why}`, {
    hint: 'two engines could read two different images out of it (CVE-2021-41190); ask its publisher to push it again',
  });
}

function schema1(): StrataError {
  return new StrataError(
    'invalid-argument',
    'MANIFEST_SCHEMA1',
    'the image has only a Docker schema 1 manifest, a format that is no longer supported',
    { hint: 'push it again with a tool of this decade, e.g. skopeo copy --format v2s2' },
  );
}

function toDescriptor(raw: RawDescriptor): Descriptor {
  const { mediaType, digest, size, annotations, platform, urls } = raw;
  return {
    mediaType: mediaType ?? '',
    digest: digest as Digest,
    size,
    ...(annotations ? { annotations } : {}),
    ...(platform
      ? {
          platform: {
            os: platform.os,
            architecture: platform.architecture,
            ...(platform.variant ? { variant: platform.variant } : {}),
          },
        }
      : {}),
    ...(urls && urls.length > 0 ? { urls } : {}),
  };
}
