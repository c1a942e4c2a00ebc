import { StrataError } from '@strata/core';
import { hostOf, isLoopback } from './address.ts';
import { loadCertificates } from './certificates.ts';
import { throwIfCancelled } from './retry.ts';
import type { Source } from './sources.ts';
import type { HttpResponse, Transport } from './transport.ts';

/** How a registry is spoken to. */
export interface Base {
  readonly origin: string;
  readonly unverified: boolean;
  /** It has not answered yet, and may turn out to be another one. */
  readonly assumed?: true;
}

/**
 * HTTPS, but for loopback and declared-insecure registries, which may speak either. HTTPS is enforced where certs.d knows the
 * host, and preferred where a network lies between. On loopback HTTP is tried first, by the first request itself: HTTPS
 * would not be verified there, and costs more.
 */
export class Bases {
  readonly #transport: Transport;
  readonly #certificateDirectories: readonly string[] | undefined;
  readonly #bases = new Map<string, Promise<Base>>();

  constructor(transport: Transport, certificateDirectories?: readonly string[]) {
    this.#transport = transport;
    this.#certificateDirectories = certificateDirectories;
  }

  of(source: Source, signal?: AbortSignal): Promise<Base> {
    if (!source.insecure) return Promise.resolve({ origin: `https://${source.host}`, unverified: false });
    return this.#bases.get(source.host) ?? this.#keep(source, this.#guess(source, signal));
  }

  /** Where it is spoken to, after it answered what was sent to the base assumed, or did not. */
  async settle(
    { source, base, answer }: { source: Source; base: Base; answer: HttpResponse | undefined },
    signal?: AbortSignal,
  ): Promise<Base> {
    const { assumed: _, ...plain } = base;
    const isPlain = answer !== undefined && answer.url.origin === base.origin && !isForTls(answer.status);
    return await this.#keep(source, isPlain ? Promise.resolve(plain) : this.#probe(source, signal));
  }

  #keep({ host }: Source, base: Promise<Base>): Promise<Base> {
    this.#bases.set(host, base);
    base.catch(() => this.#bases.delete(host));
    return base;
  }

  async #guess(source: Source, signal?: AbortSignal): Promise<Base> {
    const known = await loadCertificates(source.host, this.#certificateDirectories);
    if (known !== undefined) return { origin: `https://${source.host}`, unverified: false };
    if (!isLoopback(hostOf(source.host))) return await this.#probe(source, signal);
    return { origin: `http://${source.host}`, unverified: true, assumed: true };
  }

  async #probe({ host }: Source, signal?: AbortSignal): Promise<Base> {
    const base = { origin: `https://${host}`, unverified: true };
    return (await this.#speaks(base, signal)) ? base : { origin: `http://${host}`, unverified: true };
  }

  async #speaks({ origin, unverified }: Base, signal?: AbortSignal): Promise<boolean> {
    try {
      const url = new URL(`${origin}/v2/`);
      const response = await this.#transport.send({ method: 'GET', url, unverified, signal });
      await response.discard();
      return true;
    } catch {
      throwIfCancelled(signal);
      return false;
    }
  }
}

/** What servers of HTTPS answer to plain HTTP: 400 most of them, 421, or 426, which asks for an upgrade. */
function isForTls(status: number): boolean {
  return status === 400 || status === 421 || status === 426;
}

/** Undefined for an error of the connection; what we refused ourselves would be refused again. */
export function ofConnection(error: unknown): undefined {
  if (error instanceof StrataError) throw error;
}
