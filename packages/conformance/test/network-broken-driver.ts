/** The bridge driver with one promise broken; the fault is named in the query of this module's URL. */
import type {
  Attachment,
  DriverContext,
  DriverDefinition,
  Endpoint,
  NetworkDriver,
  NetworkSpec,
} from '@strata/core';

const { default: bridge } = (await import(
  new URL('../../../drivers/network-bridge/src/index.ts', import.meta.url).href
)) as { default: DriverDefinition<'network', unknown> };
const fault = new URL(import.meta.url).searchParams.get('fault');

function breaking(driver: NetworkDriver, { host }: DriverContext): NetworkDriver {
  const ip = (...args: string[]) => host.exec.run('ip', args);
  const nft = (lines: string) => host.exec.run('nft', ['-f', '-'], { input: lines });
  const table = async () =>
    /inet (strata_\w+)/.exec((await host.exec.run('nft', ['list', 'tables'])).stdout)?.[1];
  const own = {
    capabilities: driver.capabilities,
    createNetwork: (spec: NetworkSpec) => driver.createNetwork(spec),
    removeNetwork: (spec: NetworkSpec) => driver.removeNetwork(spec),
    plan: (endpoint: Endpoint) => driver.plan(endpoint),
    attach: (attachment: Attachment) => driver.attach(attachment),
    detach: (attachment: Attachment) => driver.detach(attachment),
    list: () => driver.list(),
    restore: (...all: Parameters<NetworkDriver['restore']>) => driver.restore(...all),
  } satisfies NetworkDriver;
  let first: readonly string[] | undefined;
  const faults: Record<string, Partial<NetworkDriver>> = {
    'detach leaves a link': {
      detach: async (attachment) => {
        await driver.detach(attachment);
        await ip('link', 'add', `left${Math.round(performance.now())}`, 'type', 'bridge');
      },
    },
    'detach fails twice': {
      detach: async (attachment) => {
        if (!(await driver.list()).includes(attachment.endpointId)) throw new Error('unknown endpoint');
        await driver.detach(attachment);
      },
    },
    'forgets leases': { list: async () => [] },
    'same address for all': {
      plan: async (endpoint) => {
        const planned = await driver.plan(endpoint);
        first ??= planned.addresses;
        return { ...planned, addresses: first };
      },
    },
    'plan is not idempotent': {
      plan: async (endpoint) => ({
        ...(await driver.plan(endpoint)),
        containerId: String(performance.now()),
      }),
    },
    'no isolation': {
      attach: async (attachment) => {
        await driver.attach(attachment);
        await nft(`flush chain inet ${await table()} forward\n`);
      },
    },
    'no translation outwards': {
      attach: async (attachment) => {
        await driver.attach(attachment);
        await nft(`flush chain inet ${await table()} leaving\n`);
      },
    },
    'ignores published ports': {
      attach: (attachment) => driver.attach({ ...attachment, ports: [] }),
    },
    'restores nothing': { restore: async () => {} },
    'removes networks in use': { removeNetwork: async () => {} },
  };
  return { ...own, ...faults[fault ?? ''] };
}

export default {
  ...bridge,
  create: async (context) => breaking(await bridge.create(context), context),
} satisfies DriverDefinition<'network', unknown>;
