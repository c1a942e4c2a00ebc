import type { CommandContext, Handler } from '../context.ts';
import { defined } from '../options/defined.ts';
import { readResources } from '../options/limits.ts';
import { readPolicy } from '../options/restart.ts';
import { eachRemoval, eachTarget } from './targets.ts';

function stopOptions({ flags }: CommandContext) {
  return defined({
    timeout: flags.number('timeout') ?? flags.number('time'),
    signal: flags.string('signal'),
  });
}

export const stop: Handler = async (context) => {
  const { containers } = await context.engine();
  const options = stopOptions(context);
  return eachTarget(context.args, async (name) => {
    await containers.stop(name, options);
    return name;
  });
};

export const restart: Handler = async (context) => {
  const { containers } = await context.engine();
  const options = stopOptions(context);
  return eachTarget(context.args, async (name) => {
    await containers.restart(name, options);
    return name;
  });
};

export const kill: Handler = async (context) => {
  const { containers } = await context.engine();
  const signal = context.flags.string('signal');
  return eachTarget(context.args, async (name) => {
    await containers.kill(name, signal);
    return name;
  });
};

export const pause: Handler = async (context) => {
  const { containers } = await context.engine();
  return eachTarget(context.args, async (name) => {
    await containers.pause(name);
    return name;
  });
};

export const unpause: Handler = async (context) => {
  const { containers } = await context.engine();
  return eachTarget(context.args, async (name) => {
    await containers.unpause(name);
    return name;
  });
};

export const wait: Handler = async (context) => {
  const { containers } = await context.engine();
  const { signal } = context.interrupt;
  return eachTarget(context.args, async (name) => String((await containers.wait(name, { signal })).code));
};

export const rm: Handler = async (context) => {
  const { containers } = await context.engine();
  const force = context.flags.bool('force');
  const volumes = context.flags.bool('volumes');
  return eachRemoval(context.args, force, async (name) => {
    await containers.remove(name, { force, volumes });
    return name;
  });
};

export const rename: Handler = async (context) => {
  const { containers } = await context.engine();
  await containers.rename(context.args[0]!, context.args[1]!);
  return {};
};

export const update: Handler = async (context) => {
  const changes = { ...readResources(context.flags), ...defined({ restart: readPolicy(context.flags) }) };
  if (Object.keys(changes).length === 0)
    throw context.flags.conflict('you must provide one or more flags when using this command');
  const { containers } = await context.engine();
  return eachTarget(context.args, async (name) => {
    await containers.update(name, changes);
    return name;
  });
};

/** bocker's `cleanup`. */
export const cleanup: Handler = async (context) => {
  const { containers } = await context.engine();
  return { output: { kind: 'lines', lines: await containers.cleanup(context.args[0]) } };
};

/** At boot. */
export const startSystem: Handler = async (context) => {
  const { containers } = await context.engine();
  return { output: { kind: 'lines', lines: await containers.startWanted() } };
};

/** Started by a container that needs it; nobody reads its output. */
export const keep: Handler = async (context) => {
  const { containers } = await context.engine();
  await containers.keep();
  return {};
};

/** Run by the monitor; nobody reads its output. */
export const reap: Handler = async (context) => {
  const { containers } = await context.engine();
  await containers.reap(context.args[0]!);
  return {};
};
