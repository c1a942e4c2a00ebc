import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/** Keep V8's compiled code of the engine bundle: saves 20 to 40 ms per command. Never a reason to fail. */
export function enableCache(root: string, env: NodeJS.ProcessEnv): void {
  const home = env.XDG_CACHE_HOME;
  enableCompileCache(home === undefined || home === '' ? join(root, 'cache') : join(home, 'strata'));
}
