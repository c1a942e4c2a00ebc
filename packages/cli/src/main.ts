/**
 * @module The `strata` program: argv in, text and exit status out.
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

async function loadEngineBundle(
  settings: Settings,
  handler: string,
): Promise<typeof import('./engine-bundle.ts')> {
  if (!codeIsOpen) code?.open(settings.root, process.env, handler);
  codeIsOpen = true;
  return import('./engine-bundle.ts');
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
  }
}

async function runCommand(program: Program): Promise<number> {
  try {
    const handler = await loadHandler(program.command, program.settings);
    const result: CommandResult = await handler(program);
    return await renderResult(result, program);
  } catch (error) {
    const interrupted = program.interrupt.exitCode;
    if (interrupted !== undefined) return interrupted;
    throw error;
  } finally {
    await program.close();
    code?.save(program.settings.root, process.env);
  }
}

async function execute(words: readonly string[], io: Io): Promise<number> {
  const style = { debug: words.includes('--debug') || words.includes('-D'), json: words.includes('--json') };
  let command: CommandSpec | undefined;
  try {
    const invocation = parseCommandLine(words);
    if (invocation.kind === 'version') {
      const { versionLine } = await import('./fast/version.ts');
      io.out(`${versionLine()}\n`);
      return 0;
    }
    if (invocation.kind === 'help') {
      const { renderHelp } = await import('./help/help.ts');
      io.out(renderHelp(invocation.topic, io.columns()));
      return 0;
    }
    command = invocation.command;
    const settings = await readSettings(invocation.globals, io.env);
    return await runCommand(new Program(invocation, settings, io));
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return 141;
    io.err(renderError(error, style));
    return exitCodeOf(error, command);
  }
}

void execute(process.argv.slice(2), createIo(process.env)).then((code) => process.exit(code));
