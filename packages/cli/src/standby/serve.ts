/**
 * A standby process: a command that has done everything up to reading its words, and waits for them. One command at a
 * time, each with the words, environment, directory, umask, standard streams and signals of the client that asked; all
 * else about the client is the same as here, or it would not have found us (packages/native/client/context.c). After a
 * command that left anything behind it ends, as a process of the command's own would have.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import type { Native } from '@strata/native';
import { loadNative } from '../native.ts';
import type { Ending, execute, isForStandby, tidy } from '../program.ts';
import { leaveStandby, type Standby } from './leave.ts';
import { Remains, turn } from './remains.ts';
import { acceptRequest, assume, letGo, type Request } from './request.ts';
import { claimSlot } from './slot.ts';

/** What the packed program offers. */
export interface Program {
  readonly execute: typeof execute;
  readonly isForStandby: typeof isForStandby;
  readonly tidy: typeof tidy;
}

/** By then its heap is larger than a new process would start with. */
const MOST_COMMANDS = 1000;

interface Place {
  readonly native: Native;
  readonly program: Program;
  readonly remains: Remains;
  /** /dev/null. */
  readonly nothing: number;
}

/** Blocking, but for a look each second at monitors that have ended: nobody else can reap them. */
async function nextRequest(
  { native, remains }: Place,
  listener: number,
  seconds: number,
): Promise<Request | undefined> {
  const end = performance.now() + seconds * 1000;
  for (let left = seconds * 1000; left > 0; left = end - performance.now()) {
    // Sooner also when a signal comes, or somebody who asks for nothing.
    const request = acceptRequest(
      native,
      listener,
      Math.ceil(remains.monitors ? Math.min(left, 1000) : left),
    );
    if (request !== undefined) return request;
    await turn();
  }
  return undefined;
}

type Answer = Ending & {
  /** Another command can follow in this process. */
  readonly again: boolean;
};

async function answer(place: Place, request: Request): Promise<Answer> {
  const { native, program, remains } = place;
  const leave = (code: number): unknown => native.standbyEnd(request.connection, code, 1);
  assume(native, request);
  process.once('exit', leave);
  native.standbyBegin(request.connection, ...request.ignored);
  const ending = await program.execute(request.words, process.env);
  const { code, failed, standby } = ending;
  await program.tidy();
  process.off('exit', leave);
  if (failed || standby === undefined || (await remains.left(request.connection)).length > 0) {
    process.once('exit', leave);
    return { ...ending, again: false };
  }
  letGo(native, place.nothing);
  return { ...ending, again: native.standbyEnd(request.connection, code, 0) === 0 };
}

/** Serve until nobody has come for the time given, or a command leaves something behind. The exit status to end with. */
export async function serve({ key, ...first }: Standby, load: () => Program): Promise<number> {
  const native = loadNative();
  const slot = claimSlot(native, key);
  if (slot === undefined) return 0;
  const release = (): void => slot.release();
  process.once('exit', release);
  process.title = 'strata standby';
  const nothing = openSync('/dev/null', 'r+');
  const place = { native, nothing, program: load(), remains: await Remains.watch() };
  for (let served = 1, wanted = first; ; ) {
    const listener = native.standbyListen(slot.socket);
    const request = await nextRequest(place, listener, wanted.seconds);
    if (request === undefined) return 0;
    rmSync(slot.socket);
    if (!place.program.isForStandby(request.words)) {
      for (const fd of request.descriptors) closeSync(fd);
      native.standbyEnd(request.connection);
      continue;
    }
    const { code, failed, again, standby } = await answer(place, request);
    wanted = standby ?? wanted;
    if (again && served++ < MOST_COMMANDS) continue;
    process.off('exit', release);
    release();
    // What failed may not have come to the configuration.
    if (failed || standby !== undefined) leaveStandby({ key, ...wanted });
    return code;
  }
}
