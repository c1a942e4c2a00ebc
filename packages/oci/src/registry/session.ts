import { hostOf, isLoopback } from './address.ts';
import type { Authorizer } from './authorizer.ts';
import { type Base, type Bases, ofConnection } from './bases.ts';
import { followRedirects } from './redirect.ts';
import { connectionError, throwIfCancelled } from './retry.ts';
import type { Source } from './sources.ts';
import type { HttpRequest, HttpResponse, RequestBody, Transport } from './transport.ts';

/** One request below `/v2/` of a source. */
export interface RegistryRequest {
  readonly source: Source;
  readonly method: HttpRequest['method'];
  /** Relative to `/v2/`, or an absolute URL the registry gave us (an upload's Location). */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: () => RequestBody;
  /** `repository:name:pull`, … */
  readonly scopes: readonly string[];
  readonly headersTimeout?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Speaks to registries: scheme, authorization, redirects. A 401 is answered exactly once. Retries nothing. */
export class Session {
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #bases: Bases;

  constructor(transport: Transport, authorizer: Authorizer, bases: Bases) {
    this.#transport = transport;
    this.#authorizer = authorizer;
    this.#bases = bases;
  }

  /** The same connections, with other credentials. */
  with(authorizer: Authorizer): Session {
    return new Session(this.#transport, authorizer, this.#bases);
  }

  /** @throws Retryable, StrataError; any status but an answerable 401 is returned */
  async send(request: RegistryRequest): Promise<HttpResponse> {
    const { source, signal } = request;
    try {
      const base = await this.#bases.of(source, signal);
      if (base.assumed !== true) return await this.#sendTo(base, request);
      const answer = await this.#sendTo(base, request).catch(ofConnection);
      throwIfCancelled(signal);
      const settled = await this.#bases.settle({ source, base, answer }, signal);
      if (answer !== undefined && settled.origin === base.origin) return answer;
      await answer?.discard();
      return await this.#sendTo(settled, request);
    } catch (error) {
      throwIfCancelled(signal);
      throw connectionError(error, source.host);
    }
  }

  async #sendTo(base: Base, request: RegistryRequest): Promise<HttpResponse> {
    const { source, scopes, signal } = request;
    const url =
      typeof request.path === 'string' ? new URL(`${base.origin}/v2/${request.path}`) : request.path;
    const used = await this.#authorizer.header(source, scopes, signal);
    const response = await this.#exchange(request, { url, base, authorization: used });
    if (response.status !== 401 || response.url.origin !== base.origin) return response;
    const authorization = await this.#authorizer.answer(response, { source, scopes, used, signal });
    if (authorization === undefined) return response;
    await response.discard();
    return await this.#exchange(request, { url, base, authorization });
  }

  /** A URL of somebody else (foreign layers): no credentials, no headers but harmless ones. */
  async sendPlain(
    source: Source,
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<HttpResponse> {
    const local = isLoopback(hostOf(source.host));
    try {
      const request: HttpRequest = { method: 'GET', url, headers, signal, distrusted: !local };
      return await followRedirects(this.#transport, request, { plainAllowed: local, fromLoopback: local });
    } catch (error) {
      throwIfCancelled(signal);
      throw connectionError(error, url.host);
    }
  }

  async #exchange(
    request: RegistryRequest,
    {
      url,
      base,
      authorization,
    }: { readonly url: URL; readonly base: Base; readonly authorization: string | undefined },
  ): Promise<HttpResponse> {
    const { source, method, headers, body, headersTimeout, signal } = request;
    const ours = url.origin === base.origin;
    const local = isLoopback(hostOf(source.host));
    const credentials = authorization === undefined || !ours ? {} : { authorization };
    const full: HttpRequest = {
      method,
      url,
      headers: { ...headers, ...credentials },
      signal,
      unverified: ours && base.unverified,
      distrusted: !ours && !local,
      ...(body === undefined ? {} : { body }),
      ...(headersTimeout === undefined ? {} : { headersTimeout }),
    };
    return await followRedirects(this.#transport, full, {
      plainAllowed: source.insecure,
      fromLoopback: local,
    });
  }
}
