import type { AppliedLayer, ApplyLayerInput, ApplyProgress, Unsettled } from '@strata/archive';
import type { UnpackTarget } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import { jobModule } from '../jobs.ts';
import type { ArrivingBlob } from './arriving-blob.ts';
import { imageErrors } from './image-errors.ts';
import type { ImageLayer } from './image-record.ts';

export interface Applied {
  /** Uncompressed bytes. */
  readonly bytes: number;
  readonly entries: number;
  readonly unsettled: Unsettled;
}

export interface ApplyRequest {
  readonly layer: ImageLayer;
  readonly target: UnpackTarget;
  /** Read it as it arrives, not from the store. */
  readonly arriving?: ArrivingBlob | undefined;
  /** As many layers as there are cores are unpacked at once. */
  readonly crowded: boolean;
  /** Overlay only: directories of the layers below, nearest first, for a layer that needs them. */
  readonly parents: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly onRead: (bytes: number) => void;
}

/** One blob into one directory, in a worker thread, and its diffID checked. @throws data-loss `DIFF_ID_MISMATCH` */
export async function applyBlob(services: InternalServices, request: ApplyRequest): Promise<Applied> {
  const { host, imageStore } = services;
  const { layer, target, parents, arriving, crowded, signal, onRead } = request;
  const applied = await host.workers.run<ApplyLayerInput, ApplyProgress, AppliedLayer>(
    jobModule('apply-layer'),
    {
      blob: arriving?.path ?? (await imageStore.path(layer.blob.digest)),
      ...(arriving === undefined ? {} : { growth: arriving.growth }),
      mediaType: layer.blob.mediaType,
      target,
      crowded,
      ...(parents === undefined ? {} : { parents }),
    },
    { signal, onProgress: ({ read }) => onRead(read) },
  );
  for (const warning of applied.warnings) host.log.debug(warning, { layer: layer.blob.digest });
  if (applied.diffId !== layer.diffId)
    throw imageErrors.diffIdMismatch(layer.blob.digest, layer.diffId, applied.diffId);
  return { bytes: applied.size, entries: applied.entries, unsettled: applied.unsettled };
}
