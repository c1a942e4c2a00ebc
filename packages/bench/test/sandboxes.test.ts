import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Attachment, emptyAttachment, type NetworkDriver } from '@strata/core';
import { createHost } from '@strata/host';
import { expect, it } from 'vitest';
import { Sandboxes } from '../src/kinds/sandboxes.ts';

it('goes by the addresses a driver chooses only when it attaches', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-sandboxes-'));
  const detached: Attachment[] = [];
  const driver: NetworkDriver = {
    capabilities: { sandbox: false, publish: false, multiple: false, connects: true },
    createNetwork: async (spec) => spec,
    removeNetwork: async () => undefined,
    plan: async ({ id, network, containerId, sandbox }) =>
      emptyAttachment({ endpointId: id, networkId: network.id, containerId, sandbox }),
    attach: async (planned) => ({ ...planned, addresses: ['10.1.2.3/24'] }),
    detach: async (attachment) => void detached.push(attachment),
    list: async () => [],
    restore: async () => undefined,
  };
  const host = createHost({ logLevel: 'error' });
  const subject = { id: 'late', host, driver, scratch, settle: async () => undefined };
  const sandboxes = await Sandboxes.open(subject);
  const attachment = await sandboxes.attach(await sandboxes.endpoint());
  expect(attachment.addresses).toEqual(['10.1.2.3/24']);
  await sandboxes.close();
  expect(detached).toEqual([attachment]);
  rmSync(scratch, { recursive: true });
});
