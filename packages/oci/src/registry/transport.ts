import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { StrataError } from '@strata/core';
import type { Dispatcher } from 'undici';
import { hostOf, isLinkLocal, isLoopback } from './address.ts';
import { type Certificates, loadCertificates } from './certificates.ts';
import type { Timeouts } from './options.ts';
import { type Environment, proxyFor } from './proxy.ts';

export type RequestBody = Uint8Array | Readable;

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for every attempt. */
  readonly body?: () => RequestBody;
  readonly headersTimeout?: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * We were sent here by somebody else (redirect, realm, foreign layer) who is not on this machine: names that
   * resolve to loopback or link-local addresses are refused.
   */
  readonly distrusted?: boolean;
  /** Skip verification of the server's certificate: the registry was declared insecure. */
  readonly unverified?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  readonly url: URL;
  header(name: string): string | undefined;
  headerValues(name: string): readonly string[];
  readonly body: Readable;
  /** The whole body. @throws invalid-argument `RESPONSE_TOO_LARGE` */
  bytes(limit: number): Promise<Buffer>;
  /** Be done with it: a short rest is read so that the connection can be used again. */
  discard(): Promise<void>;
}

/** One HTTP exchange at a time: connections, TLS, proxies, time limits. Follows nothing, retries nothing. */
export class Transport {
  readonly #timeouts: Timeouts;
  readonly #env: Environment;
  readonly #directories: readonly string[] | undefined;
  readonly #userAgent: string;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(options: {
    readonly timeouts: Timeouts;
    readonly env: Environment;
    readonly certificateDirectories?: readonly string[] | undefined;
    readonly userAgent: string;
  }) {
    this.#timeouts = options.timeouts;
    this.#env = options.env;
    this.#directories = options.certificateDirectories;
    this.#userAgent = options.userAgent;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const { url } = request;
    request.signal?.throwIfAborted();
    const dispatcher = await this.#dispatcher(request);
    const reply = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers: { 'user-agent': this.#userAgent, 'accept-encoding': 'identity', ...request.headers },
      body: request.body?.() ?? null,
      headersTimeout: request.headersTimeout ?? this.#timeouts.headers,
      bodyTimeout: this.#timeouts.idle,
      highWaterMark: 1 << 20,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    return asResponse(reply, url);
  }

  async close(): Promise<void> {
    const all = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    await Promise.allSettled(all.map(async (dispatcher) => (await dispatcher).destroy()));
  }

  #dispatcher(request: HttpRequest): Promise<Dispatcher> {
    const key = `${request.url.origin} ${request.distrusted === true} ${request.unverified === true}`;
    let dispatcher = this.#dispatchers.get(key);
    if (dispatcher === undefined) {
      dispatcher = this.#connect(request);
      this.#dispatchers.set(key, dispatcher);
      dispatcher.catch(() => this.#dispatchers.delete(key));
    }
    return dispatcher;
  }

  async #connect({ url, distrusted, unverified }: HttpRequest): Promise<Dispatcher> {
    const { Agent, ProxyAgent } = await import('undici');
    const certificates =
      url.protocol === 'https:' ? await loadCertificates(url.host, this.#directories) : undefined;
    const tls = await tlsOptions(certificates, unverified === true);
    const common = { connections: 6, pipelining: 1, keepAliveTimeout: 15_000, allowH2: false };
    const proxy = proxyFor(url, this.#env);
    if (proxy !== undefined) return new ProxyAgent({ uri: proxy, requestTls: tls, ...common });
    const lookup = distrusted === true ? { lookup: guardedLookup } : {};
    return new Agent({ ...common, connect: { timeout: this.#timeouts.connect, ...tls, ...lookup } });
  }
}

async function tlsOptions(certificates: Certificates | undefined, unverified: boolean) {
  const verify = unverified ? { rejectUnauthorized: false } : {};
  if (certificates === undefined) return verify;
  const { ca, cert, key } = certificates;
  const client = cert === undefined || key === undefined ? {} : { cert, key };
  if (ca.length === 0) return { ...verify, ...client };
  const { getCACertificates } = await import('node:tls');
  return { ...verify, ...client, ca: [...getCACertificates('default'), ...ca.map(String)] };
}

/** A resolver that will not lead a stranger's URL to this machine or to a metadata service. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '');
    const bad = addresses.find(({ address }) => isLoopback(address) || isLinkLocal(address));
    if (bad !== undefined)
      return callback(forbiddenAddress(hostname, bad.address) as NodeJS.ErrnoException, '');
    if (options.all === true) return callback(null, addresses);
    callback(null, addresses[0]!.address, addresses[0]!.family);
  });
};

function forbiddenAddress(host: string, address: string): StrataError {
  return new StrataError(
    'permission-denied',
    'REGISTRY_ADDRESS_REFUSED',
    `the registry sent us to ${host}${address === host ? '' : ` (${address})`}, an address only this machine or its cloud may use`,
    { hint: 'a registry has no business there; do not trust it' },
  );
}

/** Refuse URLs by their literal host. @throws permission-denied `REGISTRY_ADDRESS_REFUSED` */
export function checkDistrusted(url: URL): void {
  const host = hostOf(url.host);
  if (isLoopback(host) || isLinkLocal(host)) throw forbiddenAddress(host, host);
}

function asResponse(reply: Dispatcher.ResponseData, url: URL): HttpResponse {
  const values = (name: string) => {
    const value = reply.headers[name];
    return value === undefined ? [] : typeof value === 'string' ? [value] : value;
  };
  // Destroying a body raises an error on it; whoever reads it hears of that through the iteration.
  reply.body.on('error', () => undefined);
  return {
    status: reply.statusCode,
    url,
    header: (name) => values(name)[0],
    headerValues: values,
    body: reply.body,
    bytes: (limit) => readBounded(reply.body, limit, url),
    discard: async () => {
      await reply.body.dump({ limit: 64 * 1024 }).catch(() => undefined);
    },
  };
}

async function readBounded(body: Readable, limit: number, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) {
      throw new StrataError(
        'invalid-argument',
        'RESPONSE_TOO_LARGE',
        `${url.host} answered with more than ${limit} bytes`,
        {
          hint: 'no document of a registry is that large; nothing of it was used',
        },
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
