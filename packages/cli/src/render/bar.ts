import type { LayerProgress, ProgressEvent } from '@strata/core';
import { humanSize } from '../format/units.ts';

export type ProgressVerb = 'pull' | 'push' | 'unpack';
export type LayerEvent = Extract<ProgressEvent, { kind: 'layer' }>;

const WORDS: Readonly<Record<LayerProgress, string>> = {
  waiting: 'Waiting',
  downloading: 'Downloading',
  verifying: 'Verifying Checksum',
  unpacking: 'Extracting',
  pushing: 'Pushing',
  complete: 'Pull complete',
  exists: 'Already exists',
  retrying: 'Retrying',
  failed: 'Failed',
};

const OTHER_WORDS: Readonly<Record<ProgressVerb, Partial<Record<LayerProgress, string>>>> = {
  pull: {},
  push: { complete: 'Pushed', exists: 'Layer already exists' },
  unpack: { complete: 'Unpacked' },
};

const WITH_BAR: ReadonlySet<LayerProgress> = new Set(['downloading', 'unpacking', 'pushing']);
const BAR = 50;
/** Columns that `id: Downloading [] 123.4MB/123.4MB` needs besides the bar. */
const AROUND = 48;

export const shortId = (id: string): string => id.replace(/^[a-z0-9]+:/, '').slice(0, 12);

export function statusWord(status: LayerProgress, verb: ProgressVerb): string {
  return OTHER_WORDS[verb][status] ?? WORDS[status];
}

/** `[====>     ]  1.2MB/10MB`. The bar shrinks with the terminal, and goes when there is no room. */
export function progressBar(current: number, total: number, columns: number): string {
  const amount = total > 0 ? `${humanSize(current)}/${humanSize(total)}` : humanSize(current);
  const width = Math.min(BAR, columns - AROUND);
  if (total <= 0 || width < 10) return amount;
  const filled = Math.min(width, Math.floor((width * current) / total));
  const bar = filled < width ? `${'='.repeat(filled)}>${' '.repeat(width - filled - 1)}` : '='.repeat(width);
  return `[${bar}]  ${amount}`;
}

export function layerLine(event: LayerEvent, verb: ProgressVerb, columns: number): string {
  const head = `${shortId(event.id)}: ${statusWord(event.status, verb)}`;
  if (!WITH_BAR.has(event.status)) return head;
  return `${head} ${progressBar(event.current, event.total, columns)}`.slice(0, Math.max(1, columns - 1));
}
