import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { loadNative } from '../native.ts';
import { held, slots } from './names.ts';

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
    const names = readFileSync('/proc/net/unix', 'latin1');
    const used = (slot: number): boolean => names.includes(`@${held(key, slot)}\n`);
    if (Array.from({ length: slots(availableParallelism()) }, (_, slot) => used(slot)).every(Boolean)) return;
    const argv = [process.execPath, join(import.meta.dirname, 'standby.cjs'), key, root, String(seconds)];
    const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
    const nothing = new Uint8Array(Int32Array.of(-1, -1, -1).buffer);
    loadNative().spawn(process.execPath, strings(argv), strings(environment), '/', nothing, 1);
  } catch {
    // The next command starts as this one did.
  }
}
