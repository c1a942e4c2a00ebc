import { closeSync } from 'node:fs';
import type { Native } from '@strata/native';

/** What a client asks for. */
export interface Request {
  readonly words: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly connection: number;
  /** Its standard input, output, error and working directory, in this order. */
  readonly descriptors: readonly number[];
  readonly umask: number;
  /** Signals it ignored: two halves of a mask. */
  readonly ignored: readonly [low: number, high: number];
}

const NUMBERS = 9;

/** Wait, without an event loop, for a client. `undefined` when none came in time; the listener is closed once one has come. */
export function acceptRequest(native: Native, listener: number, milliseconds: number): Request | undefined {
  const numbers = new Int32Array(NUMBERS);
  const payload = native.standbyAccept(listener, milliseconds, new Uint8Array(numbers.buffer));
  if (payload === undefined) return undefined;
  const [connection = -1, input = -1, output = -1, error = -1, directory = -1, count = 0, umask = 0] =
    numbers;
  const strings = payload.toString('utf8').split('\0').slice(0, -1);
  const environment = strings.slice(count).map((entry): readonly [string, string] => {
    const at = entry.indexOf('=', 1);
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  return {
    words: strings.slice(0, count),
    environment: environment.filter(([name]) => name !== ''),
    connection,
    descriptors: [input, output, error, directory],
    umask,
    ignored: [numbers[7] ?? 0, numbers[8] ?? 0],
  };
}

/** From here on this process is the client's as far as the command can tell. */
export function assume(native: Native, request: Request): void {
  const [input = -1, output = -1, error = -1, directory = -1] = request.descriptors;
  for (const [to, from] of [input, output, error].entries()) native.dup2(from, to);
  // chdir() of Node, because it remembers where it is.
  process.chdir(`/proc/self/fd/${directory}`);
  for (const fd of request.descriptors) closeSync(fd);
  process.umask(request.umask);
  for (const name of Object.keys(process.env)) delete process.env[name];
  for (const [name, value] of request.environment) process.env[name] = value;
  process.argv.splice(2, process.argv.length, ...request.words);
}

/** Nothing of the client's stays open: what it does next may be to unmount it. */
export function letGo(native: Native, nothing: number): void {
  for (const fd of [0, 1, 2]) native.dup2(nothing, fd);
  process.chdir('/');
}
