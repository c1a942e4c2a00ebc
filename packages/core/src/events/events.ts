/**
 * Typed events of the engine, in two families. **Lifecycle** events (`type` + `action`, Docker's names) are stored
 * and shown by `strata events`. **Progress** events are for the caller at hand and are not stored.
 */
export type EventType = 'container' | 'image' | 'network' | 'volume' | 'layer' | 'store';

export interface LifecycleEvent {
  readonly type: EventType;
  /** `create`, `start`, `die`, `stop`, `kill`, `destroy`, `pull`, `tag`, `untag`, `delete`, `exec_start: …`, `oom`, … */
  readonly action: string;
  /** Id of the container, digest or name of the image. */
  readonly id: string;
  /** Name, image, labels, `exitCode`, `signal`, … */
  readonly attributes: Readonly<Record<string, string>>;
  readonly at: Date;
}

export type ProgressEvent =
  | {
      readonly kind: 'resolved';
      readonly reference: string;
      readonly digest: string;
      readonly layers: number;
    }
  | {
      readonly kind: 'layer';
      readonly id: string;
      readonly status: LayerProgress;
      readonly current: number;
      readonly total: number;
    }
  | { readonly kind: 'message'; readonly text: string }
  /** Something is done otherwise than asked, which the user must be told of. */
  | { readonly kind: 'warning'; readonly text: string };

/** In order; `exists` and `failed` are final as well. */
export type LayerProgress =
  | 'waiting'
  | 'downloading'
  | 'verifying'
  | 'unpacking'
  | 'pushing'
  | 'complete'
  | 'exists'
  | 'retrying'
  | 'failed';

export type ProgressListener = (event: ProgressEvent) => void;
