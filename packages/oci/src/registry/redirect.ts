import { StrataError } from '@strata/core';
import { checkDistrusted, type HttpRequest, type HttpResponse, type Transport } from './transport.ts';

const maxHops = 10;
/** Headers that may travel to another host. */
const HARMLESS = new Set(['accept', 'range', 'content-type', 'content-length']);

export interface RedirectPolicy {
  /** The registry may be spoken to over plain HTTP, so what it points at may be as well. */
  readonly plainAllowed: boolean;
  /** The registry is on this machine, so what it points at may be as well. */
  readonly fromLoopback: boolean;
}

/**
 * Send, and follow redirects. To another scheme, host or port go only harmless headers: no Authorization, no cookies,
 * no headers we do not know (undici would pass them on). HTTPS never becomes HTTP.
 * @throws permission-denied `REGISTRY_REDIRECT`, `REGISTRY_ADDRESS_REFUSED`
 */
export async function followRedirects(
  transport: Transport,
  request: HttpRequest,
  policy: RedirectPolicy,
): Promise<HttpResponse> {
  let current = request;
  for (let hop = 0; hop <= maxHops; hop++) {
    const response = await transport.send(current);
    const location = response.header('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) return response;
    await response.discard();
    current = redirected(current, location, response.status, policy);
  }
  throw refused(request.url, `it sent us on more than ${maxHops} times`);
}

function redirected(
  request: HttpRequest,
  location: string,
  status: number,
  policy: RedirectPolicy,
): HttpRequest {
  if (!URL.canParse(location, request.url.href))
    throw refused(request.url, 'it sent us to something that is not a URL');
  const url = new URL(location, request.url);
  checkTarget(request.url, url, policy);
  const method = status === 303 && request.method !== 'HEAD' ? 'GET' : request.method;
  const { body, ...rest } = request;
  const next: HttpRequest = {
    ...rest,
    method,
    url,
    ...(body === undefined || method === 'GET' ? {} : { body }),
  };
  if (url.origin === request.url.origin) return next;
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).filter(([name]) => HARMLESS.has(name.toLowerCase())),
  );
  return { ...next, headers, distrusted: !policy.fromLoopback, unverified: false };
}

function checkTarget(from: URL, to: URL, policy: RedirectPolicy): void {
  if (to.protocol !== 'https:' && to.protocol !== 'http:')
    throw refused(from, `it sent us to a ${to.protocol} URL`);
  if (to.username !== '' || to.password !== '')
    throw refused(from, 'it sent us to a URL with credentials in it');
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw refused(from, 'it sent us from HTTPS to plain HTTP');
  if (to.protocol === 'http:' && !policy.plainAllowed) throw refused(from, 'it sent us to plain HTTP');
  if (!policy.fromLoopback && to.host !== from.host) checkDistrusted(to);
}

function refused(from: URL, why: string): StrataError {
  return new StrataError(
    'permission-denied',
    'REGISTRY_REDIRECT',
    `a redirect of ${from.host} was not followed: ${why}`,
    {
      hint: 'the registry is misconfigured or not what it claims to be; no credentials were sent on',
    },
  );
}
