/** # What a network suite runs against
 *
 * Cases make links, rules and namespaces, so they belong into a network namespace of their own, with a sysfs of
 * its own on /sys: the suite then sees every leak and disturbs nobody. `networkDriverSuite` of the vitest module
 * arranges that; whoever calls {@link openNetworkContext} directly is in one already.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkCapabilities } from '@strata/core';
import type { SuiteTarget } from '../runner/case.ts';
import { createNetworkDriver, type NetworkSuiteTarget } from './create-network-driver.ts';
import { HostPicture } from './host-picture.ts';
import { NetworkContext } from './network-context.ts';

/** A root, a driver, and on closing: everything undone, host as before. */
export function openNetworkContext(
  target: NetworkSuiteTarget,
): SuiteTarget<NetworkContext, NetworkCapabilities> {
  return {
    async open() {
      const directory = await mkdtemp(join(target.directory, 'network-'));
      const root = join(directory, 'root');
      await mkdir(root);
      const before = await HostPicture.take(target.host);
      const context = new NetworkContext(target, {
        directory,
        root,
        driver: await createNetworkDriver(target, root),
      });
      return {
        context,
        traits: context.driver.capabilities,
        async close() {
          let left: readonly string[];
          try {
            await context.close();
            left = await context.driver.list();
          } finally {
            await rm(directory, { recursive: true });
          }
          if (left.length > 0) throw new Error(`the driver still holds the endpoints ${left.join(', ')}`);
          before.assertSame(await HostPicture.take(target.host));
        },
      };
    },
  };
}
