import type { EngineServices } from '../../services.ts';
import type { NewContainer } from '../state/container-store.ts';

export function needsKeeper({ config }: Pick<NewContainer, 'config'>): boolean {
  return config.log.driver !== 'none' && config.log.maxBytes !== undefined;
}

/** Start it, if this engine knows how; it finds out itself whether there is one already. */
export async function startKeeper(services: EngineServices): Promise<void> {
  const [program, ...args] = services.keepCommand ?? [];
  if (program === undefined) return;
  const child = await services.host.exec.spawn(program, args, {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  child.unref();
}
