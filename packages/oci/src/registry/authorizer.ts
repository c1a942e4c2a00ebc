import { StrataError } from '@strata/core';
import { isJsonObject } from '../document/parse-json.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { CredentialStore } from './credential-store.ts';
import type { Credentials } from './docker-config.ts';
import type { Source } from './sources.ts';
import { TokenEndpoint } from './token-endpoint.ts';
import type { HttpResponse, Transport } from './transport.ts';

/** Who knows the logins. */
export type CredentialSource = Pick<CredentialStore, 'find'>;

interface Token {
  readonly value: string;
  /** Epoch milliseconds after which we fetch another. */
  readonly refreshAt: number;
}

/** Answers `401`: one Authorization header per registry (Basic) or per registry and scope (Bearer). */
export class Authorizer {
  readonly #credentials: CredentialSource;
  readonly #endpoint: TokenEndpoint;
  readonly #challenges = new Map<string, Challenge>();
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(credentials: CredentialSource, transport: Transport) {
    this.#credentials = credentials;
    this.#endpoint = new TokenEndpoint(transport);
  }

  /** What we would send now, without asking anybody; `undefined` before the first challenge. */
  async header(source: Source, scopes: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
    const challenge = this.#challenges.get(hostKey(source));
    if (challenge === undefined) return undefined;
    if (challenge.scheme === 'basic') return basic(await this.#find(source));
    return `Bearer ${(await this.#token(source, challenge, scopes, signal)).value}`;
  }

  /**
   * A 401 came back although we sent `used`. Returns another header worth one more try, `undefined` when there is
   * none. @throws failed-precondition `REGISTRY_AUTH` when the challenge cannot be answered
   */
  async answer(
    response: HttpResponse,
    request: {
      readonly source: Source;
      readonly scopes: readonly string[];
      readonly used: string | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<string | undefined> {
    const { source, scopes, used, signal } = request;
    const challenges = parseChallenges(response.headerValues('www-authenticate'));
    const challenge =
      challenges.find(({ scheme }) => scheme === 'bearer') ??
      challenges.find(({ scheme }) => scheme === 'basic');
    if (challenge === undefined) return undefined;
    this.#challenges.set(hostKey(source), challenge);
    if (challenge.scheme === 'basic') {
      const header = basic(await this.#find(source));
      return header === used ? undefined : header;
    }
    const key = tokenKey(source, challenge, scopes);
    const held = await this.#tokens.get(key)?.catch(() => undefined);
    if (held !== undefined && used === `Bearer ${held.value}`) this.#tokens.delete(key);
    return `Bearer ${(await this.#token(source, challenge, scopes, signal)).value}`;
  }

  #token(
    source: Source,
    challenge: Challenge,
    scopes: readonly string[],
    signal?: AbortSignal,
  ): Promise<Token> {
    const key = tokenKey(source, challenge, scopes);
    const held = this.#tokens.get(key);
    const fresh = (held ?? Promise.reject(new Error('none'))).then(
      (token) => (token.refreshAt > Date.now() ? token : undefined),
      () => undefined,
    );
    const next = fresh.then((token) => token ?? this.#fetch(source, challenge, scopes, signal));
    this.#tokens.set(key, next);
    next.catch(() => {
      if (this.#tokens.get(key) === next) this.#tokens.delete(key);
    });
    return next;
  }

  async #fetch(
    source: Source,
    challenge: Challenge,
    scopes: readonly string[],
    signal?: AbortSignal,
  ): Promise<Token> {
    const credentials = await this.#find(source);
    const reply = await this.#endpoint.fetch({ source, challenge, scopes, credentials, signal });
    if (!isJsonObject(reply)) throw malformed(source);
    const value = reply.token || reply.access_token;
    if (typeof value !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(value)) throw malformed(source);
    const seconds = typeof reply.expires_in === 'number' && reply.expires_in > 60 ? reply.expires_in : 60;
    return { value, refreshAt: Date.now() + (Math.min(seconds, 86_400) - 10) * 1000 };
  }

  #find(source: Source): Promise<Credentials | undefined> {
    return this.#credentials.find(source.credentialsOf, source.repository);
  }
}

function basic(credentials: Credentials | undefined): string | undefined {
  if (credentials === undefined || 'identityToken' in credentials) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

function hostKey(source: Source): string {
  return `${source.host} ${source.credentialsOf}`;
}

function tokenKey(source: Source, challenge: Challenge, scopes: readonly string[]): string {
  return JSON.stringify([
    hostKey(source),
    challenge.params.get('realm'),
    challenge.params.get('service'),
    scopes,
  ]);
}

function malformed(source: Source): StrataError {
  return new StrataError(
    'failed-precondition',
    'REGISTRY_AUTH',
    `the token service of ${source.host} sent no usable token`,
    {
      hint: 'the registry is misconfigured; tell whoever runs it',
    },
  );
}
