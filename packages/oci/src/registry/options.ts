import type { Exec, Log } from '@strata/core';
import type { Environment } from './proxy.ts';

/** All in milliseconds. */
export interface Timeouts {
  /** TCP and TLS. */
  readonly connect: number;
  /** From request to response headers. */
  readonly headers: number;
  /** Without a byte of the body. */
  readonly idle: number;
  /** For the answer to an upload: the registry hashes it first. */
  readonly upload: number;
  /** Window over which a body must reach {@link RetryPolicy.minimumRate}. */
  readonly rateWindow: number;
  /** How long a source that could not be reached is left alone. */
  readonly deadSource: number;
}

export const defaultTimeouts: Timeouts = {
  connect: 10_000,
  headers: 30_000,
  idle: 30_000,
  upload: 600_000,
  rateWindow: 60_000,
  deadSource: 60_000,
};

export interface RetryPolicy {
  /** Attempts without progress before giving up. */
  readonly attempts: number;
  /** First pause in ms; doubles each time, ±20 %. */
  readonly backoff: number;
  readonly maxBackoff: number;
  /** A longer Retry-After than this (ms) ends the request instead: nobody waits an hour without being told. */
  readonly maxRetryAfter: number;
  /** New bytes of a blob that count as progress. */
  readonly progressBytes: number;
  /** Bytes per second below which a transfer is restarted. */
  readonly minimumRate: number;
}

export const defaultRetry: RetryPolicy = {
  attempts: 5,
  backoff: 1_000,
  maxBackoff: 60_000,
  maxRetryAfter: 60_000,
  progressBytes: 1024 * 1024,
  minimumRate: 1024,
};

export interface RegistryOptions {
  /** Runs credential helpers; without it a configured helper is an error. */
  readonly exec?: Exec;
  readonly log?: Log;
  /** Default: `process.env`. Proxies, `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE`, `XDG_RUNTIME_DIR`, `HOME`. */
  readonly env?: Environment;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  /** Registries (`host[:port]`) for which plain HTTP and unverified TLS are allowed, besides registries.conf. */
  readonly insecureRegistries?: readonly string[];
  /** Instead of the system's registries.conf files (tests, `--registries-conf`). */
  readonly registriesConf?: readonly string[];
  /** Instead of `/etc/containers/certs.d` and `/etc/docker/certs.d`. */
  readonly certificateDirectories?: readonly string[];
  readonly userAgent?: string;
  /** Told about each retry, for progress lines. */
  readonly onRetry?: (retry: {
    readonly what: string;
    readonly reason: string;
    readonly delay: number;
  }) => void;
}
