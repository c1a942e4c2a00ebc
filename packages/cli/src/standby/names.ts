/** What the client (packages/native/client) and standby processes are called by; as in packages/native/src/standby.h. */

/** Set by the client for the command it could not give to a standby: the key by which it would have found one. */
export const KEY_VARIABLE = 'STRATA_STANDBY_KEY';

/** Set by the client where SIGHUP was ignored, as under nohup(1): Node has made it deadly when its first line runs. */
export const NOHUP_VARIABLE = 'STRATA_NOHUP';

export const DIRECTORY = '/run/strata/standby';

/** As many as the client tries. */
const MOST = 8;

/** How many wait on one machine: as many commands as it can work on at a time, and as many that wait for the disk. */
export function slots(cpus: number): number {
  return Math.min(MOST, Math.max(2, cpus * 2));
}

/** The socket of a standby, there while it waits. */
export const socketOf = (key: string, slot: number): string => `${DIRECTORY}/${key}-${slot}`;
