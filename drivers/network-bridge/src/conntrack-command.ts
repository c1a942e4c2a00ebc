import type { Attachment, Exec } from '@strata/core';
import { parseAddress } from './cidr.ts';

/**
 * UDP has no connections, so the kernel goes on sending a peer's packets to the container that is gone as long as
 * they come (conntrack-tools; moby#8795). TCP peers get a reset. Without the program the flows end after 120 s of silence.
 */
export async function forgetFlows(exec: Exec, { ports, addresses }: Attachment): Promise<void> {
  if (!ports.some(({ protocol }) => protocol === 'udp')) return;
  if ((await exec.find('conntrack')) === undefined) return;
  const targets = addresses
    .map((address) => address.split('/')[0]!)
    .filter((one) => parseAddress(one) !== undefined);
  for (const target of targets) {
    const family = target.includes(':') ? 'ipv6' : 'ipv4';
    // 1: there was none.
    await exec.run('conntrack', ['-D', '-f', family, '-p', 'udp', '--reply-src', target], {
      okCodes: [0, 1],
    });
  }
}
