/**
 * @module The `strata` program: words in, text and exit status out.
 *
 * It parses, loads the one bundle the command needs, and prints what the handler returned. Every `import()` here
 * is a `require` of a file of its own in the built program.
 */
import type { Engine } from '@strata/engine';
import { codeKeeper } from './code-keeper.ts';
import type { CommandContext, CommandResult, Handler } from './context.ts';
import type { FastHandlers } from './handlers.ts';
import { createIo, type Io } from './io.ts';
import { type Invocation, parseCommandLine } from './parse/command.ts';
import { Flags } from './parse/flag-reader.ts';
import { exitCodeOf, renderError } from './render/error.ts';
import { renderResult } from './render/result.ts';
import { readSettings, type Settings } from './settings.ts';
import type { CommandSpec } from './table/spec.ts';
import { Interrupt } from './terminal/interrupt.ts';

const fast: { readonly [Name in keyof FastHandlers]: () => Promise<{ readonly handler: Handler }> } = {
  version: () => import('./fast/version.ts'),
  ps: () => import('./fast/ps.ts'),
  images: () => import('./fast/images.ts'),
  complete: () => import('./fast/complete.ts'),
  completion: () => import('./help/completion.ts'),
  manual: () => import('./help/manual.ts'),
};

async function loadHandler(command: CommandSpec, settings: Settings): Promise<Handler> {
  const { handler } = command;
  if (handler in fast) return (await fast[handler as keyof FastHandlers]()).handler;
  const bundle = await loadEngineBundle(settings, handler);
  return await bundle.commands[handler as keyof typeof bundle.commands]();
}

const code = codeKeeper();
let codeIsOpen = false;
let engineBundle: Promise<typeof import('./engine-bundle.ts')> | undefined;

async function loadEngineBundle(
  settings: Settings,
  handler: string,
): Promise<typeof import('./engine-bundle.ts')> {
  if (!codeIsOpen) code?.open(settings.root, process.env, handler);
  codeIsOpen = true;
  engineBundle ??= import('./engine-bundle.ts');
  return engineBundle;
}

/** After a command whose process goes on. */
export async function tidy(): Promise<void> {
  await (await engineBundle)?.closeHost();
}

class Program implements CommandContext {
  readonly command: CommandSpec;
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly settings: Settings;
  readonly io: Io;
  readonly interrupt = new Interrupt();
  #engine: Promise<Engine> | undefined;

  constructor(invocation: Extract<Invocation, { kind: 'command' }>, settings: Settings, io: Io) {
    this.command = invocation.command;
    this.flags = new Flags(invocation.command, invocation.flags, io.env);
    this.args = invocation.args;
    this.settings = settings;
    this.io = io;
  }

  engine(): Promise<Engine> {
    this.#engine ??= loadEngineBundle(this.settings, this.command.handler).then((bundle) =>
      bundle.openEngine(this.settings),
    );
    return this.#engine;
  }

  /** Never opened, or failed to open: nothing to close. */
  async close(): Promise<void> {
    const engine = await this.#engine?.catch(() => undefined);
    await engine?.close();
    this.interrupt.release();
  }
}

async function runCommand(program: Program): Promise<Ending> {
  try {
    const handler = await loadHandler(program.command, program.settings);
    const result: CommandResult = await handler(program);
    const code = await renderResult(result, program);
    const failed = (result.failures ?? []).length > 0 && result.forgiven !== true;
    return { code, failed: failed || program.interrupt.exitCode !== undefined };
  } catch (error) {
    const interrupted = program.interrupt.exitCode;
    if (interrupted !== undefined) return { code: interrupted, failed: true };
    throw error;
  } finally {
    await program.close();
    code?.save(program.settings.root, process.env);
  }
}

/** How a command ended. */
export interface Ending {
  /** Exit status. */
  readonly code: number;
  /** It threw, also for one of several targets, or was interrupted: what it held is let go when the process ends. */
  readonly failed: boolean;
  /** How a process for commands to come would wait; `undefined`: none is wanted. */
  readonly standby?: { readonly root: string; readonly seconds: number } | undefined;
}

/** Those that last, ask, or belong to a process of their own (docs/adr/0014). */
const NOT_FOR_STANDBY: readonly CommandSpec['handler'][] = [
  ...(['bench', 'testDriver', 'snapshotter', 'events', 'stats', 'attach', 'login', 'completion'] as const),
  ...(['addDriver', 'upgradeDrivers', 'initStorage', 'migrate', 'check', 'startSystem'] as const),
];

const mayStandBy = (command: CommandSpec): boolean =>
  command.group !== 'hidden' && !NOT_FOR_STANDBY.includes(command.handler);

/** Whether a standby process runs these words; if not, a process of their own does, also for what is wrong with them. */
export function isForStandby(words: readonly string[]): boolean {
  try {
    const invocation = parseCommandLine(words);
    return invocation.kind === 'command' && mayStandBy(invocation.command);
  } catch {
    return false;
  }
}

export async function execute(words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ending> {
  const io = createIo(env);
  const style = { debug: words.includes('--debug') || words.includes('-D'), json: words.includes('--json') };
  let command: CommandSpec | undefined;
  try {
    const invocation = parseCommandLine(words);
    if (invocation.kind === 'version') {
      const { versionLine } = await import('./fast/version.ts');
      io.out(`${versionLine()}\n`);
      return { code: 0, failed: false };
    }
    if (invocation.kind === 'help') {
      const { renderHelp } = await import('./help/help.ts');
      io.out(renderHelp(invocation.topic, io.columns()));
      return { code: 0, failed: false };
    }
    command = invocation.command;
    const settings = await readSettings(invocation.globals, io.env);
    const program = new Program(invocation, settings, io);
    const { root, standbySeconds: seconds } = settings;
    return {
      ...(await runCommand(program)),
      standby: seconds > 0 && mayStandBy(command) ? { root, seconds } : undefined,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return { code: 141, failed: true };
    io.err(renderError(error, style));
    return { code: exitCodeOf(error, command), failed: true };
  }
}
