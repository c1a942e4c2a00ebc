/** @module Layer tars: hardened apply, reproducible diff, and the tar primitives under them. */
export { type AppliedLayer, type ApplyOptions, type ApplyProgress, applyLayer } from './apply/apply-layer.ts';
export { settleLayer, type Unsettled } from './apply/settle-layer.ts';
export type { ApplyLayerInput } from './apply-layer.job.ts';
export { type Change, type DiffOptions, diffOverlay, diffTrees } from './diff/changes.ts';
export type { ChangesSource } from './diff/changes-of.ts';
export { type LayerTarOptions, layerTar } from './diff/layer-tar.ts';
export type { ListedChange } from './diff-layer.job.ts';
export { type ExtractOptions, extractInto } from './pack/extract-into.ts';
export { packPath, packTree } from './pack/pack-tree.ts';
export { packLayerTar, smallLayerTar } from './pack/small-layer.ts';
export { ByteSource } from './stream/byte-source.ts';
export { type BlobSource, type Compression, decompressed } from './stream/decompress.ts';
export { type GrowingFile, Growth } from './stream/growing-file.ts';
export { type BlobOptions, type WrittenBlob, writeBlob } from './stream/write-blob.ts';
export { encodeHeader, type TarHeader } from './tar/encode-header.ts';
export {
  DEFAULT_LIMITS,
  type SparseRegion,
  type TarEntry,
  type TarEntryType,
  type TarLimits,
} from './tar/tar-entry.ts';
export { TarReader } from './tar/tar-reader.ts';
export { type TarMember, writeTar } from './tar/write-tar.ts';
export type { WriteLayerInput } from './write-layer.job.ts';
