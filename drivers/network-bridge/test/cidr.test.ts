import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  blocks,
  contains,
  formatAddress,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
  usable,
} from '../src/cidr.ts';

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['FD00:0:0:0:0:0:0:1', 'fd00::1'],
    ['fd00:1:2:3:4:5:6:7', 'fd00:1:2:3:4:5:6:7'],
    ['1::', '1::'],
    ['::ffff:10.1.2.3', '::ffff:10.1.2.3'],
  ])('%s is written %s', (text, canonical) => {
    expect(formatAddress(parseAddress(text)!)).toBe(canonical);
  });

  it.each([
    '',
    '10.0.0',
    '010.0.0.1',
    '10.0.0.256',
    'fe80::1%eth0',
    ':::',
    '1::2::3',
    '10.0.0.1; flush ruleset',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('reads random ones as Node does', () => {
    for (let n = 0; n < 500; n++) {
      const value = BigInt(`0x${Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')}`);
      const address = { family: 6 as const, value: n % 2 ? value : value & 0xffff_0000_0000_0000_ffffn };
      expect(parseAddress(formatAddress(address))).toEqual(address);
    }
  });
});

describe('blocks', () => {
  it('clears host bits', () => {
    expect(formatCidr(parseCidr('10.1.2.3/20')!)).toBe('10.1.0.0/20');
    expect(formatCidr(parseCidr('fd00::1/64')!)).toBe('fd00::/64');
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0.0/ 8', 'fd00::/129'])(
    '%j is none',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );

  it('agrees with BlockList about what is inside', () => {
    const block = parseCidr('10.64.0.0/12')!;
    const list = new BlockList();
    list.addSubnet('10.64.0.0', 12);
    for (const text of ['10.63.255.255', '10.64.0.0', '10.79.255.255', '10.80.0.0'])
      expect(contains(block, parseAddress(text)!)).toBe(list.check(text));
  });

  it('overlaps both ways, never across families', () => {
    const [wide, narrow, other] = ['10.0.0.0/8', '10.9.0.0/16', '11.0.0.0/8'].map((text) => parseCidr(text)!);
    expect(overlaps(wide!, narrow!) && overlaps(narrow!, wide!)).toBe(true);
    expect(overlaps(wide!, other!)).toBe(false);
    expect(overlaps(parseCidr('0.0.0.0/0')!, parseCidr('::/0')!)).toBe(false);
  });

  it('cuts a pool into all its blocks once, from any offset', () => {
    const pool = parseCidr('10.64.0.0/12')!;
    const found = [...blocks(pool, 21, 4_000_000_000)];
    expect(new Set(found.map(formatCidr)).size).toBe(512);
    expect(found.every((block) => contains(pool, block))).toBe(true);
    expect([...blocks(pool, 8, 0)]).toEqual([]);
  });

  it('keeps network and broadcast addresses', () => {
    const { first, last } = usable(parseCidr('10.0.0.0/30')!);
    expect([first, last].map((value) => formatAddress({ family: 4, value }))).toEqual([
      '10.0.0.1',
      '10.0.0.2',
    ]);
  });
});
