import { totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { isStrataError } from '@strata/core';
import type { ContainerUse } from '@strata/engine';
import type { CommandContext, CommandResult, Handler } from '../context.ts';
import { formatTable } from '../format/table.ts';
import { LiveLines } from '../render/live-lines.ts';
import { fittingTable, statsRow, statsView } from '../views/stats-view.ts';

const INTERVAL = 1000;

type Reading = readonly ContainerUse[];

/** docker stats: CPU figures are of the last second, so the first table comes after one. */
export const stats: Handler = async (context) => {
  const { flags, interrupt } = context;
  const { signal } = interrupt;
  const readings = read(context, signal);
  if (!flags.bool('no-stream')) return await follow(context, readings);
  const first = await readings.next();
  const second = first.done ? first : await readings.next();
  if (first.done || second.done) return {};
  const format = flags.string('format');
  return {
    output: { kind: 'table', rows: rowsOf(context, second.value, first.value), view: statsView, format },
  };
};

/** A reading a second, until Ctrl-C or until the containers named are all gone. */
async function* read(context: CommandContext, signal: AbortSignal): AsyncGenerator<Reading, undefined> {
  const { containers } = await context.engine();
  const all = context.flags.bool('all');
  let named = context.args;
  for (let first = true; !signal.aborted; first = false) {
    const reading: ContainerUse[] = [];
    if (context.args.length === 0) reading.push(...(await containers.stats({ all })));
    for (const name of named) {
      try {
        reading.push(...(await containers.stats({ containers: [name] })));
      } catch (error) {
        // Removed while we look on: its row goes.
        if (first || !isStrataError(error, 'not-found')) throw error;
        named = named.filter((other) => other !== name);
      }
    }
    if (context.args.length > 0 && named.length === 0) return;
    yield reading;
    await delay(INTERVAL, undefined, { signal }).catch(() => undefined);
  }
  return;
}

function rowsOf({ flags }: CommandContext, now: Reading, before: Reading) {
  const options = { noTrunc: flags.bool('no-trunc'), totalMemory: totalmem() };
  return now.map((use) =>
    statsRow(
      use,
      before.find(({ id }) => id === use.id),
      options,
    ),
  );
}

/** A terminal shows one table that changes; anything else gets each of them. */
async function follow(context: CommandContext, readings: AsyncGenerator<Reading>): Promise<CommandResult> {
  const { flags, io, settings } = context;
  const format = flags.string('format') ?? (settings.json ? 'json' : undefined);
  const screen = io.isTerminal(1)
    ? new LiveLines({
        write: io.out,
        size: () => ({ columns: io.columns(), rows: io.windowSize(1)?.rows ?? 24 }),
      })
    : undefined;
  let before: Reading | undefined;
  for await (const now of readings) {
    if (before !== undefined) {
      const rows = rowsOf(context, now, before);
      const lines =
        screen === undefined || format !== undefined
          ? formatTable(rows, statsView, { format, quiet: false })
          : fittingTable(rows, io.columns() - 1);
      if (screen !== undefined) screen.draw(lines);
      else if (lines.length > 0) io.out(`${lines.join('\n')}\n`);
    }
    before = now;
  }
  // The terminal has echoed ^C where the shell is to begin.
  if (screen !== undefined) io.out('\r\x1b[K');
  return context.interrupt.exitCode === 130 ? { exitCode: 0 } : {};
}
