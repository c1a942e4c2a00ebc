import type { LayerProgress, ProgressListener } from '@strata/core';
import type { ImageLayer } from './image-record.ts';

/** How often a layer's progress is told, in milliseconds. */
const INTERVAL = 50;

/** Progress of one image's layers, throttled, with `complete` exactly once per layer. */
export class LayerReport {
  readonly #layers: readonly Pick<ImageLayer, 'blob'>[];
  readonly #listener: ProgressListener | undefined;
  readonly #last = new Map<number, { readonly status: LayerProgress; readonly at: number }>();

  constructor(layers: readonly Pick<ImageLayer, 'blob'>[], listener: ProgressListener | undefined) {
    this.#layers = layers;
    this.#listener = listener;
  }

  waiting(index: number): void {
    this.#tell(index, 'waiting', 0);
  }

  downloading(index: number, current: number): void {
    this.#tell(index, 'downloading', current);
  }

  unpacking(index: number, current: number): void {
    this.#tell(index, 'unpacking', current);
  }

  pushing(index: number, current: number): void {
    this.#tell(index, 'pushing', current);
  }

  complete(index: number): void {
    this.#tell(index, 'complete', this.#layers[index]!.blob.size);
  }

  exists(index: number): void {
    this.#tell(index, 'exists', this.#layers[index]!.blob.size);
  }

  #tell(index: number, status: LayerProgress, current: number): void {
    if (this.#listener === undefined) return;
    const last = this.#last.get(index);
    if (last?.status === 'complete' || last?.status === 'exists') return;
    const at = performance.now();
    if (last?.status === status && at - last.at < INTERVAL) return;
    this.#last.set(index, { status, at });
    const { digest, size } = this.#layers[index]!.blob;
    this.#listener({ kind: 'layer', id: digest, status, current, total: size });
  }
}
