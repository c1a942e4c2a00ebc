import type { CommandContext, Handler } from '../context.ts';
import { checkTerminal, readDetachKeys, runSession } from '../terminal/run-session.ts';
import { eachTarget } from './targets.ts';

interface ContainerConfig {
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
}

/** `strata attach`: our terminal becomes the container's. */
export const attach: Handler = async (context) => {
  const { flags, args } = context;
  const container = args[0]!;
  const detachKeys = readDetachKeys(context);
  const engine = await context.engine();
  const { Config } = (await engine.containers.inspect(container)) as { Config?: ContainerConfig };
  const stdin = !flags.bool('no-stdin') && Config?.OpenStdin === true;
  checkTerminal(context, { tty: Config?.Tty === true, stdin });
  await using session = await engine.containers.attach(container, { stdin });
  const proxySignals = flags.bool('sig-proxy') && !session.terminal;
  return {
    exitCode: await runSession(context, session, {
      stdin,
      stdout: true,
      stderr: true,
      proxySignals,
      detachKeys,
      redraw: true,
    }),
  };
};

/** `strata start`: in the background, or as if it had been run. */
export const start: Handler = async (context) => {
  const { flags, args } = context;
  const engine = await context.engine();
  if (!flags.bool('attach') && !flags.bool('interactive')) {
    return eachTarget(args, async (container) => {
      await using _session = await engine.containers.start(container, { signal: context.interrupt.signal });
      return container;
    });
  }
  return { exitCode: await startAttached(context) };
};

async function startAttached(context: CommandContext): Promise<number> {
  const { flags, args } = context;
  if (args.length > 1) throw flags.conflict('you cannot start and attach multiple containers at once');
  const detachKeys = readDetachKeys(context);
  const engine = await context.engine();
  const stdin = flags.bool('interactive');
  const { Config } = (await engine.containers.inspect(args[0]!)) as { Config?: ContainerConfig };
  checkTerminal(context, { tty: Config?.Tty === true, stdin });
  await using session = await engine.containers.start(args[0]!, {
    attach: true,
    stdin,
    signal: context.interrupt.signal,
  });
  const options = {
    stdin,
    stdout: true,
    stderr: true,
    proxySignals: !session.terminal || !stdin,
    detachKeys,
  };
  return await runSession(context, session, options);
}
