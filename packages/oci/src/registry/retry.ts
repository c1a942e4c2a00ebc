import { setTimeout as sleep } from 'node:timers/promises';
import { isStrataError, StrataError } from '@strata/core';
import type { RetryPolicy } from './options.ts';
import { Retryable } from './registry-error.ts';

export interface RetryContext {
  readonly policy: RetryPolicy;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: ((reason: string, delay: number) => void) | undefined;
  /** Called after a failure: true when there was progress, so that the count starts again. */
  readonly progressed?: () => boolean;
}

/** Run `attempt` until it succeeds, fails for good, or the policy is used up. Only {@link Retryable} is tried again. */
export async function retrying<T>(attempt: () => Promise<T>, context: RetryContext): Promise<T> {
  const { policy, signal } = context;
  for (let failures = 0; ; ) {
    try {
      throwIfCancelled(signal);
      return await attempt();
    } catch (error) {
      throwIfCancelled(signal);
      if (!(error instanceof Retryable)) throw error;
      failures = context.progressed?.() === true ? 1 : failures + 1;
      // Nobody there at the first question is an answer; in the middle of a blob it may be a restart.
      const most = error.unreachable && context.progressed === undefined ? 2 : policy.attempts;
      if (failures >= Math.min(most, policy.attempts)) throw error.final;
      if ((error.retryAfter ?? 0) > policy.maxRetryAfter) throw tooLong(error);
      const delay = error.retryAfter ?? backoff(policy, failures);
      context.onRetry?.(error.message, delay);
      await sleep(delay, undefined, signal === undefined ? {} : { signal }).catch(() =>
        throwIfCancelled(signal),
      );
    }
  }
}

function backoff(policy: RetryPolicy, failures: number): number {
  const base = Math.min(policy.maxBackoff, policy.backoff * 2 ** (failures - 1));
  return base * (0.8 + Math.random() * 0.4);
}

function tooLong(error: Retryable): StrataError {
  const seconds = Math.ceil((error.retryAfter ?? 0) / 1000);
  return new StrataError(error.final.kind, error.final.code, error.final.message, {
    hint: `the registry asks us to come back in ${seconds} seconds`,
    context: { ...error.final.context, retryAfter: seconds },
    cause: error.final,
  });
}

/** @throws aborted `CANCELLED` */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  if (isStrataError(signal.reason)) throw signal.reason;
  throw new StrataError('aborted', 'CANCELLED', 'the transfer was cancelled', { cause: signal.reason });
}

const TRANSIENT = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_RESPONSE_STATUS_CODE',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'ECONTENT_SHORT',
  'UND_ERR_PRX_TLS',
]);
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTDOWN',
]);

/** A failure of the connection as {@link Retryable} or, for TLS and the unexpected, as a final error. */
export function connectionError(error: unknown, host: string): unknown {
  if (isStrataError(error) || error instanceof Retryable) return error;
  const own = causes(error).find((cause) => isStrataError(cause));
  if (own !== undefined) return own;
  const code = causes(error)
    .map((cause) => (cause as { code?: unknown }).code)
    .find((c) => typeof c === 'string') as string | undefined;
  if (isTlsFailure(code)) return tlsError(error, host, code ?? '');
  if (code?.startsWith('HPE_') !== true && (code === undefined || !TRANSIENT.has(code))) return error;
  const final = new StrataError(
    'unavailable',
    'REGISTRY_UNREACHABLE',
    `the connection to ${host} failed (${code})`,
    {
      hint: 'is the registry up and the network (or proxy) working?',
      cause: error,
      context: { host, code },
    },
  );
  return new Retryable(final, { unreachable: UNREACHABLE.has(code) });
}

function causes(error: unknown): object[] {
  const all: object[] = [];
  for (
    let e = error;
    typeof e === 'object' && e !== null && all.length < 8;
    e = (e as { cause?: unknown }).cause
  ) {
    all.push(e);
    const several = (e as { errors?: unknown }).errors;
    if (Array.isArray(several)) all.push(...several.filter((x) => typeof x === 'object' && x !== null));
  }
  return all;
}

/** Codes of Node and OpenSSL when a handshake or a certificate is refused. */
function isTlsFailure(code: string | undefined): boolean {
  return (
    code !== undefined &&
    /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/.test(code)
  );
}

function tlsError(cause: unknown, host: string, code: string): StrataError {
  return new StrataError('failed-precondition', 'REGISTRY_TLS', `no secure connection to ${host} (${code})`, {
    hint: `put its authority in /etc/containers/certs.d/${host}/ca.crt, or declare it insecure in registries.conf`,
    cause,
    context: { host, code },
  });
}
