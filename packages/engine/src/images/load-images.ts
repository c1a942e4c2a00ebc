import { createReadStream } from 'node:fs';
import type { Digest } from '@strata/core';
import type { LoadedImage } from '@strata/oci';
import type { Operation } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import type { ImageRecord } from './image-record.ts';
import { Pins } from './pins.ts';
import { imageRecord, nameImage, readConfig } from './record-image.ts';

/** `docker load`: every image of an archive or layout, named as it says. */
export async function loadImages(
  services: InternalServices,
  input: string | number,
  operation: Operation = {},
): Promise<readonly { readonly name: string | undefined; readonly id: Digest }[]> {
  const oci = await import('@strata/oci');
  const source =
    typeof input === 'number'
      ? createReadStream('', { fd: input, autoClose: false, highWaterMark: 1 << 20 })
      : input;
  const signal =
    operation.signal === undefined ? services.signal : AbortSignal.any([operation.signal, services.signal]);
  const loaded = await oci.loadImages(source, services.imageStore, { signal });
  await using pins = new Pins(services);
  const images: { name: string | undefined; id: Digest }[] = [];
  for (const image of loaded) {
    await pins.add(oci.blobsOf(image));
    const { record, names } = await remember(services, image);
    for (const name of names) images.push({ name, id: record.config.digest });
    if (names.length === 0) images.push({ name: undefined, id: record.config.digest });
  }
  return images;
}

async function remember(
  services: InternalServices,
  image: LoadedImage,
): Promise<{ readonly record: ImageRecord; readonly names: readonly string[] }> {
  const config = await readConfig(services, image.manifest.config.digest);
  const record = await imageRecord(image.descriptor, image.manifest, config);
  services.catalog.add(record);
  for (const name of image.names) {
    await nameImage(services, name, record, { action: 'load' });
  }
  return { record, names: image.names };
}
