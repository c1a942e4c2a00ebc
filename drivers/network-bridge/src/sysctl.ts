/** The kernel settings that networks need. Set where they differ, never set back: others may rely on them by then. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { errnoOf, StrataError } from '@strata/core';

const IPV6 = '/proc/sys/net/ipv6/conf';

/** Let the host route. Without IPv4 forwarding no bridge network can work. */
export async function enableForwarding(ipv6: boolean): Promise<void> {
  await set('/proc/sys/net/ipv4/ip_forward', '1');
  if (!ipv6 || (await get(`${IPV6}/all/forwarding`)) !== '0') return;
  // A router ignores router advertisements (accept_ra=1); a host that has its own route from one would lose it.
  for (const name of await readdir(IPV6))
    if ((await get(`${IPV6}/${name}/accept_ra`)) === '1') await set(`${IPV6}/${name}/accept_ra`, '2');
  await set(`${IPV6}/all/forwarding`, '1');
}

/**
 * `route_localnet` lets packets from 127.0.0.1 leave towards a container (published ports); the guard chain drops
 * what would come the other way. No advertisement from a container changes the host's routes.
 */
export async function tuneBridge(bridge: string): Promise<void> {
  await Promise.all([
    set(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1'),
    refuseAdvertisements(bridge),
  ]);
}

export async function refuseAdvertisements(link: string): Promise<void> {
  await set(`${IPV6}/${link}/accept_ra`, '0');
}

async function get(path: string): Promise<string | undefined> {
  return (await readFile(path, 'utf8').catch(() => undefined))?.trim();
}

async function set(path: string, value: string): Promise<void> {
  const present = await get(path);
  // Not there: a kernel without IPv6, or an interface that went meanwhile.
  if (present === undefined || present === value) return;
  try {
    await writeFile(path, value);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw new StrataError(
      'failed-precondition',
      'SYSCTL_REFUSED',
      `The kernel does not accept ${value} in ${path}`,
      {
        hint: 'Bridge networks need root in the initial network namespace and a writable /proc/sys',
        cause: error,
      },
    );
  }
}
