import { type AttachedStreams, StrataError } from '@strata/core';
import type { Session } from '@strata/engine';
import type { CommandContext } from '../context.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from './detach-keys.ts';
import { InputPump } from './input.ts';
import { OutputQueue } from './output-queue.ts';
import { followSize, proxySignals } from './signals.ts';

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly proxySignals: boolean;
  readonly detachKeys: readonly number[];
  /** It was running before we came. */
  readonly redraw?: boolean;
}

export function readDetachKeys({ flags }: CommandContext): readonly number[] {
  const text = flags.string('detach-keys') ?? DEFAULT_DETACH_KEYS;
  const keys = parseDetachKeys(text);
  if (keys === undefined) {
    throw flags.invalid('detach-keys', text, 'expected letters or ctrl-<value>, separated by commas');
  }
  return keys;
}

/** `-it` with input that is no terminal: docker's sentence and status. */
export function checkTerminal(
  { io }: CommandContext,
  wanted: { readonly tty: boolean; readonly stdin: boolean },
): void {
  if (!wanted.tty || !wanted.stdin || io.isTerminal(0)) return;
  throw new StrataError('invalid-argument', 'NOT_A_TTY', 'the input device is not a TTY', {
    hint: 'leave out -t when input comes from a pipe or file',
    exitCode: 1,
  });
}

async function pumpOutput(
  streams: AttachedStreams,
  options: AttachOptions,
  queue: OutputQueue,
): Promise<void> {
  for await (const { stream, data } of streams.output()) {
    const wanted = stream === 'stdout' ? options.stdout : options.stderr;
    if (wanted) await queue.write(stream === 'stdout' ? 1 : 2, data);
  }
  await queue.flush();
}

type Ending = 'ended' | 'detached' | 'interrupted';

/** Be the process's terminal until it ends, or the user detaches. Returns the exit status to use. */
export async function runSession(
  context: CommandContext,
  session: Session,
  options: AttachOptions,
): Promise<number> {
  const { streams } = session;
  const { io, interrupt } = context;
  const undo: (() => void)[] = [];
  if (options.proxySignals) {
    const early = interrupt.exitCode;
    interrupt.release();
    undo.push(proxySignals(session, io));
    // It came while the container was being started, and nobody passed it on.
    if (early !== undefined) session.kill(early - 128).catch(() => undefined);
  }
  if (session.terminal) undo.push(followSize(session, io, options.redraw === true));
  try {
    const ending =
      streams === undefined
        ? 'ended'
        : await converse(context, streams, { ...options, terminal: session.terminal });
    if (ending === 'detached') {
      io.err('\nread escape sequence\n');
      return 0;
    }
    if (ending === 'interrupted') return interrupt.exitCode ?? 130;
    return (await session.wait()).code;
  } finally {
    for (const step of undo) step();
  }
}

async function converse(
  { interrupt, io }: CommandContext,
  streams: AttachedStreams,
  options: AttachOptions & { readonly terminal: boolean },
): Promise<Ending> {
  const raw = options.terminal && io.isTerminal(0);
  const input = options.stdin ? new InputPump(streams, { raw, detachKeys: options.detachKeys }) : undefined;
  const never = new Promise<never>(() => undefined);
  const detached = input?.run().then((typed) => (typed ? ('detached' as const) : never)) ?? never;
  const interrupted = options.proxySignals ? never : aborted(interrupt.signal);
  try {
    const output = pumpOutput(streams, options, new OutputQueue()).then(() => 'ended' as const);
    const ending = await Promise.race([output, detached, interrupted]);
    if (ending !== 'ended') await streams.close();
    return ending;
  } finally {
    input?.stop();
  }
}

function aborted(signal: AbortSignal): Promise<'interrupted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('interrupted');
    signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
}
