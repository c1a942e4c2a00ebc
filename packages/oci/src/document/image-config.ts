import type { Digest } from '@strata/core';
import { StrataError } from '@strata/core';
import type { ImageManifest } from './manifest.ts';
import { invalidDocument, parseJsonObject } from './parse-json.ts';
import type { ExecutionConfig } from './schemas.ts';

export type { ExecutionConfig } from './schemas.ts';

export interface HistoryEntry {
  readonly created?: string | null | undefined;
  readonly created_by?: string | null | undefined;
  readonly author?: string | null | undefined;
  readonly comment?: string | null | undefined;
  readonly empty_layer?: boolean | null | undefined;
}

export interface ImageConfig {
  readonly created: string | undefined;
  readonly author: string | undefined;
  readonly architecture: string;
  readonly os: string;
  readonly variant: string | undefined;
  readonly config: ExecutionConfig;
  /** Digests of the uncompressed layers, base first. */
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
  /** The document itself; its digest is the image ID, and fields we do not know live on in it. */
  readonly raw: Uint8Array;
}

/**
 * Parse an image config: attacker input. Types are checked, meanings (user, volumes, ports) are the engine's to
 * check where it uses them. @throws invalid-argument `DOCUMENT_INVALID`, `DOCUMENT_TOO_LARGE`
 */
export async function parseImageConfig(bytes: Uint8Array): Promise<ImageConfig> {
  const document = parseJsonObject(bytes, { what: 'image config' });
  const { check, configSchema } = await import('./schemas.ts');
  const checked = check(configSchema, document);
  if ('problem' in checked) throw invalidDocument('image config', checked.problem);
  const { created, author, architecture, os, variant, config, rootfs, history } = checked.output;
  return {
    created: created ?? undefined,
    author: author ?? undefined,
    architecture,
    os,
    variant: variant || undefined,
    config: config ?? {},
    diffIds: rootfs.diff_ids as readonly Digest[],
    history: history ?? [],
    raw: bytes,
  };
}

/** Every layer needs its diffID. @throws invalid-argument `LAYER_COUNT_MISMATCH` */
export function checkLayerCount(manifest: ImageManifest, config: ImageConfig): void {
  const layers = manifest.layers.length;
  const diffIds = config.diffIds.length;
  if (layers === diffIds) return;
  throw new StrataError(
    'invalid-argument',
    'LAYER_COUNT_MISMATCH',
    `the manifest has ${layers} layers but the image config lists ${diffIds} diff IDs`,
    {
      hint: 'manifest and config do not belong together; ask its publisher to push it again',
      context: { layers, diffIds },
    },
  );
}
