import type { BenchPorts } from '../ports.ts';

export type ImageChoice =
  | { readonly kind: 'synthetic' }
  | { readonly kind: 'image'; readonly reference: string };

/** An OCI layout of the chosen image in `directory`, which is made. */
export async function makeImage(ports: BenchPorts, choice: ImageChoice, directory: string): Promise<void> {
  void ports;
  void choice;
  void directory;
}
