import { hostOf, isLoopback } from './address.ts';
import type { Authorizer } from './authorizer.ts';
import { loadCertificates } from './certificates.ts';
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

interface Base {
  readonly origin: string;
  readonly unverified: boolean;
}

/** Speaks to registries: scheme, authorization, redirects. A 401 is answered exactly once. Retries nothing. */
export class Session {
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #certificateDirectories: readonly string[] | undefined;
  readonly #bases = new Map<string, Promise<Base>>();

  constructor(transport: Transport, authorizer: Authorizer, certificateDirectories?: readonly string[]) {
    this.#transport = transport;
    this.#authorizer = authorizer;
    this.#certificateDirectories = certificateDirectories;
  }

  /** The same connections, with other credentials. */
  with(authorizer: Authorizer): Session {
    return new Session(this.#transport, authorizer, this.#certificateDirectories);
  }

  /** @throws Retryable, StrataError; any status but an answerable 401 is returned */
  async send(request: RegistryRequest): Promise<HttpResponse> {
    const { source, scopes, signal } = request;
    try {
      const base = await this.#base(source, signal);
      const url =
        typeof request.path === 'string' ? new URL(`${base.origin}/v2/${request.path}`) : request.path;
      const used = await this.#authorizer.header(source, scopes, signal);
      const response = await this.#exchange(request, { url, base, authorization: used });
      if (response.status !== 401 || response.url.origin !== base.origin) return response;
      const authorization = await this.#authorizer.answer(response, { source, scopes, used, signal });
      if (authorization === undefined) return response;
      await response.discard();
      return await this.#exchange(request, { url, base, authorization });
    } catch (error) {
      throwIfCancelled(signal);
      throw connectionError(error, source.host);
    }
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

  #base(source: Source, signal?: AbortSignal): Promise<Base> {
    if (!source.insecure) return Promise.resolve({ origin: `https://${source.host}`, unverified: false });
    let base = this.#bases.get(source.host);
    if (base === undefined) {
      base = this.#probe(source, signal);
      this.#bases.set(source.host, base);
      base.catch(() => this.#bases.delete(source.host));
    }
    return base;
  }

  /**
   * Loopback and declared-insecure registries may speak either; HTTPS is enforced where certs.d knows the host, and preferred
   * where a network lies between. On loopback HTTP is asked first: HTTPS would not be verified there, and costs more.
   */
  async #probe(source: Source, signal?: AbortSignal): Promise<Base> {
    const origin = `https://${source.host}`;
    const known = await loadCertificates(source.host, this.#certificateDirectories);
    if (known !== undefined) return { origin, unverified: false };
    const plain = { origin: `http://${source.host}`, unverified: true };
    // 400 is what servers of HTTPS answer.
    if (isLoopback(hostOf(source.host)) && [200, 401].includes(await this.#ping(plain, signal))) return plain;
    return (await this.#ping({ origin, unverified: true }, signal)) > 0
      ? { origin, unverified: true }
      : plain;
  }

  /** Status; 0 when it cannot be spoken to. */
  async #ping({ origin, unverified }: Base, signal?: AbortSignal): Promise<number> {
    try {
      const url = new URL(`${origin}/v2/`);
      const response = await this.#transport.send({ method: 'GET', url, unverified, signal });
      await response.discard();
      return response.status;
    } catch {
      throwIfCancelled(signal);
      return 0;
    }
  }
}
