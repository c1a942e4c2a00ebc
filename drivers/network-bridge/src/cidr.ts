/** Address arithmetic for both families; addresses are numbers, so that a range is a comparison. */
import { isIP, SocketAddress } from 'node:net';

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A block; `value` is its first address. */
export interface Cidr extends Address {
  readonly prefix: number;
}

const bits = { 4: 32, 6: 128 } as const;

export function parseAddress(text: string): Address | undefined {
  const family = isIP(text);
  if (family === 4) return { family, value: fromParts(text.split('.').map(Number), 8n) };
  if (family !== 6 || text.includes('%')) return undefined;
  return { family, value: fromParts(groups(text), 16n) };
}

/** `undefined` unless it is `address/prefix`. Bits after the prefix are cleared. */
export function parseCidr(text: string): Cidr | undefined {
  const [host, length, ...rest] = text.split('/');
  const address = parseAddress(host ?? '');
  if (address === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length ?? '')) return undefined;
  const prefix = Number(length);
  if (prefix > bits[address.family]) return undefined;
  return { family: address.family, value: address.value & ~hostMask(address.family, prefix), prefix };
}

export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const hex = value.toString(16).padStart(32, '0').match(/.{4}/g)!.join(':');
  return new SocketAddress({ address: hex, family: 'ipv6' }).address;
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr)}/${cidr.prefix}`;
}

export function last(cidr: Cidr): bigint {
  return cidr.value | hostMask(cidr.family, cidr.prefix);
}

export function contains(block: Cidr, inner: Address | Cidr): boolean {
  const end = 'prefix' in inner ? last(inner) : inner.value;
  return block.family === inner.family && inner.value >= block.value && end <= last(block);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.value <= last(b) && b.value <= last(a);
}

/** The addresses hosts may have: without network and broadcast address (RFC 1122), without the IPv6 anycast one (RFC 4291). */
export function usable(cidr: Cidr): { readonly first: bigint; readonly last: bigint } {
  return { first: cidr.value + 1n, last: cidr.family === 4 ? last(cidr) - 1n : last(cidr) };
}

/** Blocks of length `prefix` in `pool`, beginning with the `offset`th and going round. */
export function* blocks(pool: Cidr, prefix: number, offset: number): Generator<Cidr> {
  if (prefix < pool.prefix) return;
  const count = 2 ** (prefix - pool.prefix);
  const size = 1n << BigInt(bits[pool.family] - prefix);
  for (let index = 0; index < count; index++)
    yield { family: pool.family, prefix, value: pool.value + BigInt((index + offset) % count) * size };
}

function hostMask(family: Family, prefix: number): bigint {
  return (1n << BigInt(bits[family] - prefix)) - 1n;
}

function fromParts(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(part), 0n);
}

/** The eight groups of an IPv6 address that `isIP` accepted (RFC 4291 section 2.2). */
function groups(text: string): number[] {
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((part) => part.toString(16)).join(':'),
  );
  const [head = '', tail] = plain.split('::');
  const part = (side: string) =>
    side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16));
  const left = part(head);
  if (tail === undefined) return left;
  const right = part(tail);
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}
