import { join } from 'node:path';
import { isStrataError } from '@strata/core';
import type { BenchPorts } from '../ports.ts';
import { writeSyntheticImage } from './synthetic.ts';

export type ImageChoice =
  | { readonly kind: 'synthetic' }
  | { readonly kind: 'image'; readonly reference: string };

/** An OCI layout of the chosen image in `directory`, which is made. */
export async function makeImage(ports: BenchPorts, choice: ImageChoice, directory: string): Promise<void> {
  if (choice.kind === 'synthetic') return writeSyntheticImage(directory);
  const { reference } = choice;
  const user = await ports.userEngine();
  try {
    await user.images.save([reference], directory, { format: 'oci-dir' });
  } catch (error) {
    if (!isStrataError(error, 'not-found')) throw error;
    await fetchImage(ports, reference, directory);
  }
}

/** The user's store does not have it, and a bench does not put it there. */
async function fetchImage(ports: BenchPorts, reference: string, directory: string): Promise<void> {
  const place = `${directory}-source`;
  const engine = await ports.openEngine({
    root: join(place, 'root'),
    run: join(place, 'run'),
    storage: undefined,
  });
  try {
    await engine.images.pull({ reference, storage: false });
    await engine.images.save([reference], directory, { format: 'oci-dir' });
  } finally {
    await engine.close();
    await ports.host.files.removeTree(place);
  }
}
