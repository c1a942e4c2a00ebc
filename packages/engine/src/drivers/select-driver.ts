import { StrataError } from '@strata/core';
import type { DriverRegistry } from '../services.ts';
import type { Settings } from '../state/settings.ts';

const DEFAULT_SETTING = 'storage.default';
/** Chosen without being asked, in this order. Never vfs: its full copies would surprise. */
const PREFERENCE = ['overlay', 'btrfs'] as const;

export interface Selection {
  readonly registry: DriverRegistry;
  readonly settings: Settings;
  /** `storage` of the configuration. */
  readonly configured: string | undefined;
}

/**
 * The layer driver of a command: named by it > by the configuration > the store's recorded default > the first of
 * overlay and btrfs that works here, which becomes the default.
 */
export async function selectLayerDriver(selection: Selection, named?: string): Promise<string> {
  const { registry, settings, configured } = selection;
  const wanted = named ?? configured ?? settings.get(DEFAULT_SETTING);
  if (wanted !== undefined) {
    await assertKnown(registry, wanted);
    return wanted;
  }
  const first = await registry.firstSupported('layer', PREFERENCE);
  if (first === undefined) throw await nothingWorks(registry);
  return settings.setOnce(DEFAULT_SETTING, first);
}

/** The default without choosing one. */
export function recordedDefault(selection: Selection): string | undefined {
  return selection.configured ?? selection.settings.get(DEFAULT_SETTING);
}

async function assertKnown(registry: DriverRegistry, id: string): Promise<void> {
  // Throws DRIVER_UNKNOWN with the known ones; whether it works is asked when it is opened.
  if (!registry.ids('layer').includes(id)) await registry.probe('layer', id);
}

async function nothingWorks(registry: DriverRegistry): Promise<StrataError> {
  const reasons: string[] = [];
  for (const id of PREFERENCE) {
    if (!registry.ids('layer').includes(id)) continue;
    const probe = await registry.probe('layer', id);
    if (!probe.supported) reasons.push(`${id}: ${probe.reason}`);
  }
  return new StrataError(
    'unsupported',
    'DRIVER_NONE_SUPPORTED',
    `No storage driver works here by itself${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}`,
    {
      hint: 'Make a pool with `strata storage init btrfs --size 20G`, or accept full copies with --storage=vfs',
    },
  );
}
