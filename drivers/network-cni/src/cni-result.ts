/** From a result (CNI specification 1.0, section 5) to what the engine shows. Plugins are programs of others: all is checked. */
import { isIP } from 'node:net';
import type { CniResult } from './cni-chain.ts';

export interface Learned {
  readonly addresses: readonly string[];
  readonly gateway: string | undefined;
  readonly gateway6?: string;
  readonly macAddress: string | undefined;
  readonly nameservers: readonly string[];
}

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

/** Of the container's interface. */
export function learnedFrom(result: CniResult, interfaceName: string): Learned {
  const interfaces = objects(result.interfaces);
  const index = interfaces.findIndex(({ name, sandbox }) => name === interfaceName && Boolean(sandbox));
  const own = objects(result.ips).filter((ip) => ip.interface === undefined || ip.interface === index);
  const gateways = own.map(({ gateway }) => String(gateway ?? '')).filter((address) => isIP(address) !== 0);
  const gateway6 = gateways.slice(1).find((address) => isIP(address) === 6);
  const mac = String(interfaces[index]?.mac ?? '');
  const [dns] = objects([result.dns]);
  const nameservers = Array.isArray(dns?.nameservers) ? dns.nameservers.map(String) : [];
  return {
    addresses: own.map(({ address }) => String(address)).filter(isPrefix),
    gateway: gateways[0],
    ...(gateway6 === undefined ? {} : { gateway6 }),
    macAddress: MAC.test(mac) ? mac.toLowerCase() : undefined,
    nameservers: nameservers.filter((address) => isIP(address) !== 0),
  };
}

function isPrefix(text: string): boolean {
  const [address = '', length = ''] = text.split('/');
  return isIP(address) !== 0 && /^\d{1,3}$/.test(length);
}

function objects(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) return [];
  return value.filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null);
}
