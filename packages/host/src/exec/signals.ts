import { constants } from 'node:os';

/** Name of a signal number, as Node spells it. */
export function signalName(signal: number): NodeJS.Signals {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  // Real-time signals have no name in Node.
  return (found?.[0] ?? `SIG${signal}`) as NodeJS.Signals;
}
