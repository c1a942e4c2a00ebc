import { BlockList, isIP } from 'node:net';
import { hostOf, isLoopback } from './address.ts';

/** Environment by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL by `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` (lower case too), with the rules of Go's
 * golang.org/x/net/http/httpproxy: loopback goes direct; `NO_PROXY` takes names with their subdomains, `.suffix`,
 * addresses, CIDR blocks, an optional `:port`, and `*`.
 */
export function proxyFor(url: URL, env: Environment): string | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = env[name] || env[name.toLowerCase()];
  if (!proxy || isLoopback(hostOf(url.host))) return undefined;
  const exceptions = (env.NO_PROXY || env.no_proxy || '').split(/[\s,]+/).filter((entry) => entry !== '');
  if (exceptions.some((entry) => excludes(entry.toLowerCase(), url))) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

function excludes(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const host = hostOf(url.host);
  if (entry.includes('/')) return inBlock(entry, host);
  const [name, port] = splitPort(entry);
  if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) return false;
  if (isIP(name) !== 0) return name === host;
  const suffix = name.replace(/^\*?\./, '');
  if (name !== suffix) return host.endsWith(`.${suffix}`);
  return host === name || host.endsWith(`.${name}`);
}

function splitPort(entry: string): [string, string | undefined] {
  if (isIP(entry) === 6) return [entry, undefined];
  const port = /:([0-9]+)$/.exec(entry)?.[1];
  return [hostOf(entry), port];
}

function inBlock(block: string, host: string): boolean {
  const [address = '', bits = ''] = block.split('/');
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || !/^[0-9]{1,3}$/.test(bits)) return false;
  const prefix = Number(bits);
  if (prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(address, prefix, type);
  return list.check(host, type);
}
