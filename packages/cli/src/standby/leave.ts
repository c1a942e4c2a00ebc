import { join } from 'node:path';
import { loadNative } from '../native.ts';
import { hasFreeSlot } from './slot.ts';

export interface Standby {
  readonly key: string;
  /** Store whose kept code it loads. */
  readonly root: string;
  /** How long it waits for a command. */
  readonly seconds: number;
}

const strings = (all: readonly string[]): Buffer => Buffer.from(all.map((text) => `${text}\0`).join(''));

/** Start a standby process for commands to come, unless there are enough. Never a reason to fail. */
export function leaveStandby({ key, root, seconds }: Standby): void {
  try {
    const native = loadNative();
    if (!hasFreeSlot(native, key)) return;
    const argv = [process.execPath, join(import.meta.dirname, 'standby.cjs'), key, root, String(seconds)];
    const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
    const nothing = new Uint8Array(Int32Array.of(-1, -1, -1).buffer);
    native.spawn(process.execPath, strings(argv), strings(environment), '/', nothing, 1);
  } catch {
    // The next command starts as this one did.
  }
}
