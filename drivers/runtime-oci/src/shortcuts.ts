/**
 * Steps of a runtime without starting it, which costs 4 to 8 ms each on the hot path of every container. They rest on
 * what the state directories of runc and crun hold. Whatever is not exactly as expected answers false, and the program
 * itself is asked.
 */
import { existsSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, type Host, type ProcessId, type RuntimeState } from '@strata/core';

export interface Shortcuts {
  /** In the state directory of each container of this program. */
  readonly stateFile: string;
  /** Command line of a process that has not yet become the user's program. */
  readonly init: RegExp;
  /** `start`. */
  letGo(host: Host, directory: string, init: ProcessId): Promise<boolean>;
  /** What it is and what there is to delete; undefined when that is not known. May throw. */
  read(directory: string): Promise<EndedContainer | undefined>;
  /** Are there hooks, which only the program runs? May throw. */
  hasHooks(directory: string): Promise<boolean>;
}

/** As read from the state directory: not yet known to be of the types it should be. */
export interface EndedContainer {
  readonly pid: unknown;
  readonly startTime: unknown;
  readonly cgroups: readonly unknown[];
  /** Names in the state directory. */
  readonly files: readonly string[];
}

interface KnownContainer extends EndedContainer {
  readonly pid: number;
  readonly startTime: number;
  readonly cgroups: readonly string[];
}

export async function readJson<T extends object>(path: string): Promise<T & Record<string, unknown>> {
  return JSON.parse(await readFile(path, 'utf8')) as T & Record<string, unknown>;
}

/**
 * Until the user's program runs, the process is the runtime's own init, which a signal meant for the program would
 * end. It is at most this long, in ms, away from exec(2) once it was let go.
 */
const execTimeout = 1000;

/** Wait while the init of a container that is being started is still the runtime's. Returns whatever the state is. */
export async function untilExec(shortcuts: Shortcuts, directory: string): Promise<void> {
  const state = await readState(shortcuts, directory);
  if (state === undefined) return;
  for (const deadline = Date.now() + execTimeout; Date.now() < deadline; await delay(1))
    if (!isInit(shortcuts, state.pid)) return;
}

/** Its command line; between exec(2) and the program's first instruction it is the program's already. */
function isInit({ init }: Shortcuts, pid: number): boolean {
  try {
    return init.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  } catch {
    return false;
  }
}

/** `kill` of its init, should that live. */
export async function signalInit(
  shortcuts: Shortcuts,
  host: Host,
  at: { readonly directory: string; readonly signal: number },
): Promise<boolean> {
  const state = await readState(shortcuts, at.directory);
  const init = state === undefined ? undefined : host.processes.identify(state.pid);
  return init !== undefined && init.startTime === state?.startTime && host.processes.kill(init, at.signal);
}

/** `state` of one that lives. */
export async function stateOf(
  shortcuts: Shortcuts,
  host: Host,
  directory: string,
): Promise<RuntimeState | undefined> {
  const state = await readState(shortcuts, directory);
  if (state === undefined || !isAlive(host, state)) return undefined;
  const { pid, cgroups } = state;
  // Init waits in it, and whoever lets it go removes it.
  if (existsSync(join(directory, 'exec.fifo'))) return { status: 'created', pid };
  return cgroups.some(isThawed) ? { status: 'running', pid } : undefined;
}

/** Of version 1, where only the freezer has the file, or 2. */
function isThawed(cgroup: string): boolean {
  return (
    readLine(join(cgroup, 'freezer.state')) === 'THAWED' || readLine(join(cgroup, 'cgroup.freeze')) === '0'
  );
}

function readLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** `delete` of a container whose init is dead and that has no hooks: its cgroups and its state directory. */
export async function forgetEnded(shortcuts: Shortcuts, host: Host, directory: string): Promise<boolean> {
  const state = await readState(shortcuts, directory);
  if (state === undefined || isAlive(host, state)) return false;
  if (await shortcuts.hasHooks(directory).catch(() => true)) return false;
  for (const path of state.cgroups) {
    try {
      rmdirSync(path);
    } catch (error) {
      // Busy: something of it lives on, and the runtime knows how to deal with that.
      if (errnoOf(error) !== 'ENOENT') return false;
    }
  }
  return removePlain(directory, state.files);
}

/** Only what we know; anything else (a mount that a killed runtime left) is not ours to guess about. */
function removePlain(directory: string, files: readonly string[]): boolean {
  try {
    for (const name of files) rmSync(join(directory, name), { force: true });
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

async function readState(shortcuts: Shortcuts, directory: string): Promise<KnownContainer | undefined> {
  try {
    const state = await shortcuts.read(directory);
    return state !== undefined && isKnown(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

function isKnown(state: EndedContainer): state is KnownContainer {
  return (
    typeof state.pid === 'number' &&
    typeof state.startTime === 'number' &&
    state.cgroups.every((path) => typeof path === 'string' && path.startsWith('/') && !path.includes('/../'))
  );
}

function isAlive(host: Host, { pid, startTime }: KnownContainer): boolean {
  const now = host.processes.identify(pid);
  return now !== undefined && now.startTime === startTime && host.processes.alive(now);
}
