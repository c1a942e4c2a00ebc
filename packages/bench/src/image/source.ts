import { join } from 'node:path';
import { isStrataError } from '@strata/core';
import type { BenchPorts } from '../ports.ts';
import { writeSyntheticImage } from './synthetic.ts';

export type ImageChoice =
  | { readonly kind: 'synthetic' }
  | { readonly kind: 'image'; readonly reference: string };

/** An OCI layout of the chosen image in `directory`, which is made. */
export async function makeImage(
  ports: BenchPorts,
  { image, signal }: { readonly image: ImageChoice; readonly signal: AbortSignal },
  directory: string,
): Promise<void> {
  if (image.kind === 'synthetic') return writeSyntheticImage(directory);
  const { reference } = image;
  const user = await ports.userEngine();
  try {
    await user.images.save([reference], directory, { format: 'oci-dir' });
  } catch (error) {
    if (!isStrataError(error, 'not-found')) throw error;
    await fetchImage(ports, { reference, signal }, directory);
  }
}

/** The user's store does not have it, and a bench does not put it there. */
async function fetchImage(
  ports: BenchPorts,
  { reference, signal }: { readonly reference: string; readonly signal: AbortSignal },
  directory: string,
): Promise<void> {
  const place = `${directory}-source`;
  const engine = await ports.openEngine({
    root: join(place, 'root'),
    run: join(place, 'run'),
    storage: undefined,
  });
  try {
    await engine.images.pull({ reference, storage: false, signal });
    await engine.images.save([reference], directory, { format: 'oci-dir' });
  } finally {
    await engine.close();
    await ports.host.files.removeTree(place);
  }
}
