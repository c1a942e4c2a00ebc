import { StrataError } from '@strata/core';
import { hostOf, isLoopback } from './address.ts';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './docker-config.ts';
import { followRedirects } from './redirect.ts';
import { Retryable, responseError } from './registry-error.ts';
import { connectionError } from './retry.ts';
import type { Source } from './sources.ts';
import { checkDistrusted, type HttpRequest, type HttpResponse, type Transport } from './transport.ts';

const maxToken = 1024 * 1024;

export interface TokenRequest {
  readonly source: Source;
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Docker's token authentication (distribution: docs/spec/auth/token.md, oauth.md). */
export class TokenEndpoint {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The parsed reply. @throws permission-denied `REGISTRY_UNAUTHORIZED`; failed-precondition `REGISTRY_AUTH` */
  async fetch(request: TokenRequest): Promise<unknown> {
    const url = realmUrl(request);
    const identity = request.credentials !== undefined && 'identityToken' in request.credentials;
    const first = identity ? this.#post(url, request) : this.#get(url, request);
    const response = await this.#follow(first, request);
    if (response.status !== 200) throw await this.#refused(response, request);
    const bytes = await response.bytes(maxToken);
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      throw authError(request.source, 'the token service did not answer in JSON', cause);
    }
  }

  #get(realm: URL, { challenge, scopes, credentials, source, signal }: TokenRequest): HttpRequest {
    const url = new URL(realm);
    const service = challenge.params.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    for (const scope of scopes) url.searchParams.append('scope', scope);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (credentials !== undefined && 'password' in credentials) {
      url.searchParams.set('account', credentials.username);
      headers.authorization = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
    }
    return { method: 'GET', url, headers, signal, ...trust(url, source) };
  }

  #post(url: URL, { challenge, scopes, credentials, source, signal }: TokenRequest): HttpRequest {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      service: challenge.params.get('service') ?? '',
      client_id: 'strata',
      scope: scopes.join(' '),
    });
    if (credentials !== undefined && 'identityToken' in credentials)
      form.set('refresh_token', credentials.identityToken);
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    return {
      method: 'POST',
      url,
      headers,
      body: () => Buffer.from(form.toString()),
      signal,
      ...trust(url, source),
    };
  }

  async #follow(request: HttpRequest, { source }: TokenRequest): Promise<HttpResponse> {
    try {
      return await followRedirects(this.#transport, request, {
        plainAllowed: source.insecure,
        fromLoopback: isLocal(source),
      });
    } catch (error) {
      throw connectionError(error, request.url.host);
    }
  }

  async #refused(response: HttpResponse, { source, credentials }: TokenRequest): Promise<Error> {
    const error = await responseError(response, {
      what: 'a token',
      host: source.credentialsOf,
      missing: 'REGISTRY_AUTH',
    });
    if (error instanceof Retryable) return error;
    if (response.status !== 401 && response.status !== 403 && response.status !== 400) return error;
    const known = credentials === undefined ? 'it needs a login' : 'the stored login was not accepted';
    return new StrataError(
      'permission-denied',
      'REGISTRY_UNAUTHORIZED',
      `${source.credentialsOf} gives us no token: ${known}`,
      {
        hint: `strata login ${source.credentialsOf}`,
        cause: error,
      },
    );
  }
}

function isLocal(source: Source): boolean {
  return isLoopback(hostOf(source.host));
}

function trust(url: URL, source: Source) {
  const same = hostOf(url.host) === hostOf(source.host);
  return { distrusted: !same && !isLocal(source), unverified: same && source.insecure };
}

/** Who may ask for our password: HTTPS anywhere; HTTP only for a registry that is itself spoken to in the clear. */
function realmUrl({ source, challenge }: TokenRequest): URL {
  const realm = challenge.params.get('realm');
  if (realm === undefined || realm === '') throw authError(source, 'its challenge names no realm');
  if (!URL.canParse(realm)) throw authError(source, 'its realm is not a URL');
  const url = new URL(realm);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw authError(source, `its realm is a ${url.protocol} URL`);
  if (url.username !== '' || url.password !== '') throw authError(source, 'its realm contains credentials');
  const clear = source.insecure && (isLoopback(hostOf(url.host)) || hostOf(url.host) === hostOf(source.host));
  if (url.protocol === 'http:' && !clear) throw authError(source, 'it wants our credentials over plain HTTP');
  if (!isLocal(source) && hostOf(url.host) !== hostOf(source.host)) checkDistrusted(url);
  return url;
}

function authError(source: Source, why: string, cause?: unknown): StrataError {
  return new StrataError('failed-precondition', 'REGISTRY_AUTH', `cannot log in to ${source.host}: ${why}`, {
    hint: 'the registry is misconfigured or not what it claims to be; no credentials were sent',
    cause,
  });
}
