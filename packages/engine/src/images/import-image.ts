import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Digest, StrataError } from '@strata/core';
import type { WrittenExecution } from '@strata/oci';
import type { Operation } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import { createImage, platformFields } from './new-image.ts';
import { Pins } from './pins.ts';
import { type StoredLayer, storeChanges } from './store-layer.ts';
import { storeTar } from './store-tar.ts';

export interface ImportOptions extends Operation {
  readonly reference?: string;
  readonly changes?: readonly string[];
  readonly message?: string;
  readonly platform?: string;
}

/** `docker import`: a root filesystem tar from a path, or a descriptor of ours. */
export async function importTar(
  services: InternalServices,
  input: string | number,
  options: ImportOptions = {},
): Promise<{ readonly id: Digest }> {
  await using pins = new Pins(services);
  // Bad changes are told before a long read.
  const config = await configFrom(options);
  const stream =
    typeof input === 'number'
      ? createReadStream('', { fd: input, autoClose: false, highWaterMark: 1 << 20 })
      : createReadStream(input, { highWaterMark: 1 << 20 });
  const layer = await storeTar(services, stream);
  return await fromLayer(services, pins, {
    layer,
    options,
    config,
    origin: typeof input === 'number' ? '-' : input,
  });
}

/** bocker's `init`: a directory. */
export async function initImage(
  services: InternalServices,
  directory: string,
  options: ImportOptions = {},
): Promise<{ readonly id: Digest }> {
  await using pins = new Pins(services);
  const config = await configFrom(options);
  const upper = resolve(directory);
  const found = await stat(upper).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new StrataError('invalid-argument', 'NOT_A_DIRECTORY', `${directory} is not a directory`);
  const layer = await storeChanges(services, pins, {
    source: { kind: 'trees', upper },
    signal:
      options.signal === undefined ? services.signal : AbortSignal.any([options.signal, services.signal]),
  });
  return await fromLayer(services, pins, { layer, options, config, origin: upper });
}

interface Imported {
  readonly layer: StoredLayer;
  readonly options: ImportOptions;
  readonly config: WrittenExecution;
  readonly origin: string;
}

/** @throws invalid-argument `CHANGE_INVALID` */
async function configFrom({ changes }: ImportOptions): Promise<WrittenExecution> {
  const { applyChanges } = await import('@strata/oci');
  return applyChanges({}, changes ?? []);
}

async function fromLayer(
  services: InternalServices,
  pins: Pins,
  made: Imported,
): Promise<{ readonly id: Digest }> {
  const { layer, options, config, origin } = made;
  await pins.add([layer.blob.digest]);
  const created = new Date().toISOString();
  const record = await createImage(services, pins, {
    config: {
      created,
      ...(await platformFields(options.platform)),
      config,
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
      history: [
        {
          created,
          created_by: `strata import ${origin}`,
          ...(options.message === undefined ? {} : { comment: options.message }),
        },
      ],
    },
    layers: [layer.blob],
    reference: options.reference,
    action: 'import',
    layerBytes: { diffId: layer.diffId, bytes: layer.uncompressedBytes },
  });
  return { id: record.config.digest };
}
