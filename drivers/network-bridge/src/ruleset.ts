/**
 * The rules of one store, in two tables of its own. Rules never change: networks are elements of sets, published
 * ports elements of maps, so that a container costs O(1) and a packet O(1), however many there are.
 */
import type { Attachment } from '@strata/core';
import { type Family, formatAddress, formatCidr, parseAddress } from './cidr.ts';
import type { Network } from './network-record.ts';

/** An element of a set, or `key : value` of a map. */
export interface Element {
  readonly set: string;
  readonly text: string;
}

const families = [
  [4, 'ip', 'ipv4_addr'],
  [6, 'ip6', 'ipv6_addr'],
] as const;

/**
 * Sets, maps and chains. There is no route_localnet for ::1, so what goes there would be lost on its way back; not
 * translated it is refused at once, and clients of `localhost` try 127.0.0.1. Applied to a table that is there it changes nothing but the rules, and those in one
 * step.
 */
export function baseRules(table: string): string {
  const sets = families.map(
    ([n, , address]) => `
  set home${n} { type ifname . ${address}; flags interval; }
  set every${n} { type ${address}; flags interval; }
  set outward${n} { type ${address}; flags interval; }
  map any${n} { type inet_proto . inet_service : ${address} . inet_service; }
  map one${n} { type ${address} . inet_proto . inet_service : ${address} . inet_service; }`,
  );
  return `add table inet ${table}
table inet ${table} {
  set bridges { type ifname; }
  set internal { type ifname; }
  set same { type ifname . ifname; }${sets.join('')}
  chain guard { type filter hook prerouting priority raw; policy accept; }
  chain published { }
  chain from_outside { type nat hook prerouting priority dstnat; policy accept; }
  chain from_host { type nat hook output priority -100; policy accept; }
  chain leaving { type nat hook postrouting priority srcnat; policy accept; }
  chain forward { type filter hook forward priority filter; policy accept; }
}
flush table inet ${table}
table inet ${table} {
  chain guard {
    iifname @bridges ip daddr 127.0.0.0/8 drop
${families.map(([n, ip]) => guardRules(n, ip)).join('\n')}
  }
  chain published {
${families.map(([n, ip]) => publishedRules(n, ip)).join('\n')}
  }
  chain from_outside {
    ip daddr != 127.0.0.0/8 fib daddr type local jump published
    ip6 daddr != ::1 fib daddr type local jump published
  }
  chain from_host {
    ip6 daddr ::1 return
    fib daddr type local jump published
  }
  chain leaving {
    oifname @bridges ip saddr 127.0.0.0/8 masquerade
${families.map(([n, ip]) => leavingRules(n, ip)).join('\n')}
  }
  chain forward {
    iifname . oifname @same accept
    iifname @internal drop
    oifname @internal drop
    iifname @bridges ct state invalid drop
    oifname @bridges ct state established,related accept
    oifname @bridges ct status dnat accept
    oifname @bridges drop
  }
}
`;
}

/** A gateway tells the names of a network to that network (and to the host) only. */
function guardRules(n: Family, ip: string): string {
  return `    iifname != "lo" udp dport 53 ${ip} daddr @every${n} iifname . ${ip} daddr != @home${n} drop`;
}

function publishedRules(n: Family, ip: string): string {
  return `    dnat ${ip} to ${ip} daddr . meta l4proto . th dport map @one${n}
    dnat ${ip} to meta l4proto . th dport map @any${n}`;
}

function leavingRules(n: Family, ip: string): string {
  // A neighbour's call to a published port must come back through the host, which alone can undo the translation.
  return `    ct status dnat oifname . ${ip} saddr @home${n} masquerade
    ${ip} saddr @outward${n} oifname != @bridges masquerade`;
}

/** A container must not play the router to its neighbours or to the host (CVE-2020-10749). Ports are named by us. */
export function advertisementRules(table: string): string {
  const chain = (hook: string) =>
    `  chain ${hook} { type filter hook ${hook} priority filter; policy accept; iifname "sv-*" icmpv6 type nd-router-advert drop; }`;
  return `add table bridge ${table}
delete table bridge ${table}
table bridge ${table} {
${chain('forward')}
${chain('input')}
}
`;
}

export function networkElements({ bridge, spec, segments }: Network): Element[] {
  const text = `"${bridge}"`;
  return [
    { set: 'bridges', text },
    { set: 'same', text: `${text} . ${text}` },
    ...(spec.internal ? [{ set: 'internal', text }] : []),
    ...segments.flatMap(({ subnet }) => [
      { set: `home${subnet.family}`, text: `${text} . ${formatCidr(subnet)}` },
      { set: `every${subnet.family}`, text: formatCidr(subnet) },
      ...(spec.internal ? [] : [{ set: `outward${subnet.family}`, text: formatCidr(subnet) }]),
    ]),
  ];
}

/** Everything is parsed and written anew, because an attachment comes out of a database. */
export function portElements({ ports, addresses }: Attachment): Element[] {
  const targets = addresses.flatMap((address) => parseAddress(address.split('/')[0]!) ?? []);
  return ports.flatMap(({ hostIp, hostPort, containerPort, protocol }) => {
    const host = parseAddress(hostIp);
    const target = targets.find(({ family }) => family === host?.family);
    if (host === undefined || target === undefined || !['tcp', 'udp', 'sctp'].includes(protocol)) return [];
    const mapping = `${protocol} . ${Number(hostPort)} : ${formatAddress(target)} . ${Number(containerPort)}`;
    return host.value === 0n
      ? [{ set: `any${host.family}`, text: mapping }]
      : [{ set: `one${host.family}`, text: `${formatAddress(host)} . ${mapping}` }];
  });
}

export function addLines(table: string, elements: readonly Element[]): string {
  return elements.map(({ set, text }) => `add element inet ${table} ${set} { ${text} }\n`).join('');
}

/** Adding first makes deleting idempotent: an element that is there may be added again, one that is not may not be deleted. */
export function deleteLines(table: string, elements: readonly Element[]): string {
  const line = ({ set, text }: Element) => `element inet ${table} ${set} { ${text} }\n`;
  return elements.map((element) => `add ${line(element)}delete ${line(element)}`).join('');
}
