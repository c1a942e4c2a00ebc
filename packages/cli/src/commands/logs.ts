import type { CommandContext, Handler } from '../context.ts';
import { defined } from '../options/defined.ts';
import { OutputQueue } from '../terminal/output-queue.ts';
import { parseTime } from './time.ts';

function tailOf({ flags }: CommandContext): number | undefined {
  const text = flags.string('tail') ?? 'all';
  if (text === 'all' || text.startsWith('-')) return undefined;
  if (!/^\d+$/.test(text)) throw flags.invalid('tail', text, 'expected a number of lines or "all"');
  return Number(text);
}

export function timeOf({ flags }: CommandContext, name: 'since' | 'until'): Date | undefined {
  const text = flags.string(name);
  const time = text === undefined ? undefined : parseTime(text);
  if (text !== undefined && time === undefined) {
    throw flags.invalid(name, text, 'expected a timestamp (2026-01-02T15:04:05Z) or a duration (42m)');
  }
  return time;
}

/** `strata logs`: bytes as the process wrote them, each stream to its own. */
export const logs: Handler = async (context) => {
  const { flags, args, interrupt } = context;
  const request = {
    container: args[0]!,
    follow: flags.bool('follow'),
    ...defined({ tail: tailOf(context), since: timeOf(context, 'since'), until: timeOf(context, 'until') }),
  };
  const stamps = flags.bool('timestamps');
  const engine = await context.engine();
  const queue = new OutputQueue();
  let midLine = false;
  for await (const { stream, data, timestamp } of engine.containers.logs({
    ...request,
    signal: interrupt.signal,
  })) {
    const descriptor = stream === 'stdout' ? 1 : 2;
    if (stamps && !midLine) await queue.write(descriptor, Buffer.from(`${timestamp} `));
    midLine = data.length > 0 && data.at(-1) !== 0x0a;
    await queue.write(descriptor, data);
  }
  await queue.flush();
  return { exitCode: interrupt.exitCode ?? 0 };
};
