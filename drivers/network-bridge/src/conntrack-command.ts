/**
 * UDP has no connections, so as long as a peer keeps sending, the kernel keeps sending it where the first packet went:
 * to a container that is gone, or to the host because no container was there yet (moby#8795). TCP peers get a reset.
 * Without conntrack(8) such flows end after two minutes of silence.
 */
import type { Attachment, Exec } from '@strata/core';
import { parseAddress } from './cidr.ts';

/** 1: there was no such flow. */
const options = { okCodes: [0, 1] };

/** After ports were published: flows that were the host's. */
export async function forgetHostFlows(exec: Exec, { ports }: Attachment): Promise<void> {
  const numbers = new Set(
    ports.filter(({ protocol }) => protocol === 'udp').map(({ hostPort }) => String(hostPort)),
  );
  if (numbers.size === 0 || (await exec.find('conntrack')) === undefined) return;
  for (const port of numbers)
    await exec.run(
      'conntrack',
      ['-D', '-p', 'udp', '--orig-port-dst', port, '--reply-port-src', port],
      options,
    );
}

/** After ports were closed: flows that were the container's. */
export async function forgetContainerFlows(exec: Exec, { ports, addresses }: Attachment): Promise<void> {
  if (!ports.some(({ protocol }) => protocol === 'udp') || (await exec.find('conntrack')) === undefined)
    return;
  for (const [address = ''] of addresses
    .map((text) => text.split('/'))
    .filter(([text = '']) => parseAddress(text))) {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    await exec.run('conntrack', ['-D', '-f', family, '-p', 'udp', '--reply-src', address], options);
  }
}
