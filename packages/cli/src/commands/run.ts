import { writeFileSync } from 'node:fs';
import { StrataError } from '@strata/core';
import type { CreateRequest, Session } from '@strata/engine';
import type { CommandContext, Handler } from '../context.ts';
import { readCreateRequest } from '../options/create-request.ts';
import { createProgress, type Progress } from '../render/progress.ts';
import { type AttachOptions, checkTerminal, readDetachKeys, runSession } from '../terminal/run-session.ts';

/** Claim the file before anything is made: an existing one belongs to another container. */
function reserveCidFile(path: string | undefined): (id: string) => void {
  if (path === undefined) return () => undefined;
  try {
    writeFileSync(path, '', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new StrataError('already-exists', 'CIDFILE_EXISTS', `container ID file found: ${path}`, {
      hint: 'make sure the other container is not running, or delete the file',
    });
  }
  return (id) => writeFileSync(path, id);
}

/** Which streams `-a` and `-i` attach. */
function attached({ flags }: CommandContext): Pick<AttachOptions, 'stdin' | 'stdout' | 'stderr'> {
  const named = flags.list('attach').map((name) => name.toLowerCase());
  for (const name of named) {
    if (!['stdin', 'stdout', 'stderr'].includes(name)) {
      throw flags.invalid('attach', name, 'valid streams are STDIN, STDOUT and STDERR');
    }
  }
  const wants = (name: string): boolean => named.length === 0 || named.includes(name);
  const stdin = flags.bool('interactive') && wants('stdin');
  return { stdin: stdin || named.includes('stdin'), stdout: wants('stdout'), stderr: wants('stderr') };
}

/** Bars on standard error; docker's sentence before a fetch nobody asked for. */
function pullProgress({ flags, args, io, settings }: CommandContext): Progress {
  const quiet = flags.bool('quiet');
  const progress = createProgress(io, { verb: 'pull', descriptor: 2, quiet, json: settings.json });
  let told = quiet || settings.json || flags.string('pull') !== 'missing';
  let fetching = false;
  return {
    listener: (event) => {
      if (event.kind === 'warning')
        return quiet ? io.err(`WARNING: ${event.text}\n`) : progress.listener(event);
      fetching ||= event.kind !== 'layer';
      // Unpacking for another driver is worth a bar, but not a line in somebody's log.
      if (!fetching && !io.isTerminal(2) && !settings.json) return;
      if (!told && event.kind !== 'layer') io.err(`Unable to find image '${args[0]}' locally\n`);
      if (event.kind !== 'layer') told = true;
      progress.listener(event);
    },
    [Symbol.dispose]: () => progress[Symbol.dispose](),
  };
}

async function startRun(context: CommandContext, request: CreateRequest, detach: boolean): Promise<Session> {
  const writeId = reserveCidFile(context.flags.string('cidfile'));
  const engine = await context.engine();
  const { signal } = context.interrupt;
  using progress = pullProgress(context);
  return await engine.containers.run({
    ...request,
    detach,
    onCreated: writeId,
    signal,
    onProgress: progress.listener,
  });
}

/** `strata run`: the process's terminal until it ends, then its exit status. */
export const run: Handler = async (context) => {
  const { flags } = context;
  const request = readCreateRequest(context);
  const detach = flags.bool('detach');
  const streams = attached(context);
  const detachKeys = readDetachKeys(context);
  if (detach && flags.list('attach').length > 0)
    throw flags.conflict('conflicting options: cannot specify both --attach and --detach');
  if (!detach) checkTerminal(context, { tty: flags.bool('tty'), stdin: streams.stdin });
  const stdin = request.stdin === true || streams.stdin;
  await using session = await startRun(context, { ...request, ...(stdin ? { stdin } : {}) }, detach);
  if (detach) return { output: { kind: 'lines', lines: [session.containerId] } };
  const options = { ...streams, detachKeys, proxySignals: flags.bool('sig-proxy') };
  return { exitCode: await runSession(context, session, options) };
};

/** `strata create`: everything but the start. */
export const create: Handler = async (context) => {
  const request = readCreateRequest(context);
  const streams = attached(context);
  const writeId = reserveCidFile(context.flags.string('cidfile'));
  const engine = await context.engine();
  using progress = pullProgress(context);
  const { id, warnings } = await engine.containers.create({
    ...request,
    ...(streams.stdin ? { stdin: true } : {}),
    signal: context.interrupt.signal,
    onProgress: progress.listener,
  });
  for (const warning of warnings) context.io.err(`WARNING: ${warning}\n`);
  writeId(id);
  return { output: { kind: 'lines', lines: [id] } };
};
