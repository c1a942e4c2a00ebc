/** What the client (packages/native/client) and standby processes are called by. */

/** Set by the client for the command it could not give to a standby: the key by which it would have found one. */
export const KEY_VARIABLE = 'STRATA_STANDBY_KEY';

/** As many as the client tries. */
const MOST = 8;

/** How many wait on one machine: as many commands as it can work on at a time, and as many that wait for the disk. */
export function slots(cpus: number): number {
  return Math.min(MOST, Math.max(2, cpus * 2));
}

/** Abstract unix socket names, as in packages/native/src/standby.h. */
export const listening = (key: string, slot: number): string => `strata-standby/${key}/${slot}`;

/** Bound for as long as the process lives, so that it finds its other name free when a command has ended. */
export const held = (key: string, slot: number): string => `${listening(key, slot)}/held`;
