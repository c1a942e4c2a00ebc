/** Media types of OCI image-spec media-types.md and of Docker's image manifest v2, schema 2. */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociForeignLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestV1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerManifestV1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
} as const;

const ociTypes: ReadonlyMap<string, string> = new Map([
  [mediaTypes.dockerLayer, mediaTypes.ociLayer],
  [mediaTypes.dockerLayerGzip, mediaTypes.ociLayerGzip],
  [mediaTypes.dockerForeignLayer, `${mediaTypes.ociForeignLayer}+gzip`],
]);

/** What OCI calls a layer of Docker's type; others as they are. */
export function ociType(mediaType: string): string {
  return ociTypes.get(mediaType) ?? mediaType;
}

/** What we ask a registry for, best first. */
export const acceptManifests = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
].join(', ');

/** An index or a manifest list. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerIndex;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

export function isSchema1Type(mediaType: string): boolean {
  return mediaType === mediaTypes.dockerManifestV1 || mediaType === mediaTypes.dockerManifestV1Signed;
}

/** Layer bytes that live elsewhere (`urls`) and are not pushed. */
export function isForeignLayer(mediaType: string): boolean {
  return mediaType.startsWith(mediaTypes.ociForeignLayer) || mediaType === mediaTypes.dockerForeignLayer;
}

export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** How a layer is compressed by its media type; `undefined` when it is no layer tar we know. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  const base = mediaType.replace(
    /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1|docker\.image\.rootfs\.(foreign\.)?diff)\.tar/,
    '',
  );
  if (base === mediaType) return undefined;
  if (base === '') return 'none';
  if (base === '+gzip' || base === '.gzip') return 'gzip';
  return base === '+zstd' || base === '.zstd' ? 'zstd' : undefined;
}
