/** @module Names, documents, registries and archives of OCI images. */

export { applyChanges } from './config/changes.ts';
export * from './config/config-document.ts';
export * from './document/image-config.ts';
export * from './document/manifest.ts';
export * from './document/media-types.ts';
export * from './document/parse-json.ts';
export * from './layout/load-images.ts';
export * from './layout/loaded-image.ts';
export * from './layout/put-blob.ts';
export * from './layout/save-directory.ts';
export * from './layout/save-images.ts';
export type { SavedImage } from './layout/write-plan.ts';
export * from './platform/platform.ts';
export * from './platform/select-manifest.ts';
export * from './reference/digest.ts';
export * from './reference/reference.ts';
export * from './registry/blob-download.ts';
export * from './registry/blob-upload.ts';
export * from './registry/client.ts';
export type { Credentials } from './registry/docker-config.ts';
export * from './registry/manifest-request.ts';
export * from './registry/options.ts';
export * from './registry/pull-blobs.ts';
export * from './registry/registries-conf.ts';
export * from './registry/resolve-image.ts';
export * from './registry/sources.ts';
