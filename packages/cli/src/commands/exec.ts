import type { ExecRequest } from '@strata/engine';
import type { CommandContext, Handler } from '../context.ts';
import { defined, some } from '../options/defined.ts';
import { readEnvironment } from '../options/environment.ts';
import { checkTerminal, readDetachKeys, runSession } from '../terminal/run-session.ts';

function readExecRequest({ flags, args, io }: CommandContext): ExecRequest {
  const [container = '', ...command] = args;
  return {
    container,
    command,
    ...defined({
      tty: flags.bool('tty') || undefined,
      stdin: flags.bool('interactive') || undefined,
      detach: flags.bool('detach') || undefined,
      privileged: flags.bool('privileged') || undefined,
      env: some(readEnvironment(flags, io.env)),
      user: flags.string('user'),
      workingDirectory: flags.string('workdir'),
    }),
  };
}

/** `strata exec`: another process in a running container. */
export const exec: Handler = async (context) => {
  const { flags } = context;
  const request = readExecRequest(context);
  const detachKeys = readDetachKeys(context);
  const detach = flags.bool('detach');
  const engine = await context.engine();
  if (!detach) checkTerminal(context, { tty: flags.bool('tty'), stdin: flags.bool('interactive') });
  await using session = await engine.containers.exec(request);
  if (detach) return {};
  const options = {
    stdin: request.stdin === true,
    stdout: true,
    stderr: true,
    proxySignals: false,
    detachKeys,
  };
  return { exitCode: await runSession(context, session, options) };
};
