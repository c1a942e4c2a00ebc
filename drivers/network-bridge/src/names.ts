/** Names the kernel sees. All come from ids, so that every process can derive them and none carries user text. */
import { StrataError, storeTag } from '@strata/core';
import { type Address, formatAddress, parseAddress } from './cidr.ts';

const ID = /^[a-z0-9]{1,12}$/;
const INTERFACE = /^[a-z][a-z0-9]{0,13}$/;
/** Absolute, of characters that ip(8) takes literally in a batch. */
const SANDBOX = /^\/[A-Za-z0-9._/@:+-]+$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** IFNAMSIZ allows 15 characters: three of ours and an id of twelve. */
export function bridgeName(networkId: string): string {
  return `sb-${checkedId(networkId, 'network')}`;
}

/** The end of the veth pair that stays on the host. */
export function linkName(endpointId: string): string {
  return `sv-${checkedId(endpointId, 'endpoint')}`;
}

/** One table per store: several stores on a host never touch each other's rules. */
export function tableName(root: string): string {
  return `strata_${storeTag(root)}`;
}

export function checkedId(id: string, what: string): string {
  if (!ID.test(id)) throw invalid('NETWORK_ID_INVALID', `${JSON.stringify(id)} is not the id of a ${what}`);
  return id;
}

export function checkedInterface(name: string): string {
  if (!INTERFACE.test(name))
    throw invalid('INTERFACE_NAME_INVALID', `${JSON.stringify(name)} cannot name an interface`);
  return name;
}

export function checkedSandbox(path: string | undefined): string {
  if (path === undefined || !SANDBOX.test(path))
    throw invalid('SANDBOX_PATH_INVALID', `${JSON.stringify(path ?? '')} cannot be the path of a sandbox`);
  return path;
}

/** Lower case, colons. @throws invalid-argument for anything but a unicast MAC address */
export function checkedMac(text: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  const valid =
    MAC.test(mac) && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0 && mac !== '00:00:00:00:00:00';
  if (!valid)
    throw new StrataError(
      'invalid-argument',
      'MAC_INVALID',
      `${JSON.stringify(text)} is not a unicast MAC address`,
      {
        hint: 'Write it like 02:42:ac:11:00:02',
      },
    );
  return mac;
}

/** For what comes out of a stored attachment: parsed and written anew. */
export function checkedAddress(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) throw invalid('ADDRESS_INVALID', `${JSON.stringify(text)} is not an IP address`);
  return formatAddress(address);
}

/** `address/prefix` of an interface. */
export function checkedInterfaceAddress(text: string): string {
  const [address = '', prefix = ''] = text.split('/');
  if (!/^\d{1,3}$/.test(prefix))
    throw invalid('ADDRESS_INVALID', `${JSON.stringify(text)} is not address/prefix`);
  return `${checkedAddress(address)}/${prefix}`;
}

/**
 * Locally administered and a function of the address: a neighbour's ARP entry stays right when an address goes
 * to the next container.
 */
export function derivedMac(networkId: string, address: Address, salt = 0): string {
  const low = (address.value & 0xffffffffn).toString(16).padStart(8, '0');
  return ['02', storeTag(`${networkId} ${salt}`).slice(-2), ...low.match(/../g)!].join(':');
}

export function invalid(code: string, message: string, hint?: string): StrataError {
  return new StrataError('invalid-argument', code, message, hint === undefined ? {} : { hint });
}
