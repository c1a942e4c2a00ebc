import { isIP } from 'node:net';

/** `host` of a URL or registry without port and brackets, lower case. */
export function hostOf(registry: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(registry)?.[1];
  return (bracketed ?? registry.replace(/:[0-9]*$/, '')).toLowerCase();
}

/** This machine: 127.0.0.0/8, ::1, `localhost` and names below it (RFC 6761). */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const v4 = embeddedV4(host);
  return isIP(v4) === 4 ? v4.startsWith('127.') || v4 === '0.0.0.0' : host === '::1' || host === '::';
}

/** 169.254.0.0/16 and fe80::/10: where clouds keep their metadata services, credentials included. */
export function isLinkLocal(host: string): boolean {
  const v4 = embeddedV4(host);
  return isIP(v4) === 4 ? v4.startsWith('169.254.') : isIP(host) === 6 && /^fe[89ab]/i.test(host);
}

/** `::ffff:7f00:1` and `::ffff:127.0.0.1` are 127.0.0.1. */
function embeddedV4(host: string): string {
  const dotted = /^::ffff:([0-9.]+)$/i.exec(host)?.[1];
  if (dotted !== undefined) return dotted;
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(host);
  if (hex === null) return host;
  const [high, low] = [Number.parseInt(hex[1]!, 16), Number.parseInt(hex[2]!, 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
