import { setTimeout as delay } from 'node:timers/promises';
import { isStrataError, type LayerDriver } from '@strata/core';
import { type LayerRows, layerId } from './layer-rows.ts';

/** Tenths of a second. */
const PATIENCE = 30;

/** Layers that will not be finished, children first. Until they are gone their rows are `creating` and ours. */
export async function abandonLayers(
  { driver, rows }: { readonly driver: LayerDriver; readonly rows: LayerRows },
  seqs: readonly number[],
): Promise<void> {
  // The disk first: it may be so full that no row can be changed.
  for (const seq of seqs) await driver.remove(layerId(seq));
  await driver.cleanup();
  for (const seq of seqs) await inTime(driver, () => rows.forget(seq));
}

/** btrfs gives out what was freed only after its next commit, and after its cleaner has been there. */
async function inTime(driver: LayerDriver, write: () => void): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return write();
    } catch (error) {
      const full = isStrataError(error, 'STORE_FULL') || isStrataError(error, 'STORE_IO');
      if (!full || tries === PATIENCE) throw error;
      await driver.flush().catch(() => undefined);
      await delay(100);
    }
  }
}
