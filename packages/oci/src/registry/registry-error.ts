import { StrataError } from '@strata/core';
import { isJsonObject } from '../document/parse-json.ts';
import type { HttpResponse } from './transport.ts';

const maxErrorBody = 64 * 1024;

/** A failure that another attempt may mend. */
export class Retryable extends Error {
  /** Milliseconds the registry asked us to wait. */
  readonly retryAfter: number | undefined;
  /** The request never reached a server: another source may be tried at once. */
  readonly unreachable: boolean;
  readonly final: StrataError;
  constructor(
    final: StrataError,
    options: { readonly retryAfter?: number | undefined; readonly unreachable?: boolean } = {},
  ) {
    super(final.message, { cause: final });
    this.final = final;
    this.retryAfter = options.retryAfter;
    this.unreachable = options.unreachable ?? false;
  }
}

/** What was asked, for messages and codes. */
export interface Subject {
  /** `manifest docker.io/library/debian:12`, `blob sha256:…` */
  readonly what: string;
  readonly host: string;
  /** Code for a 404. */
  readonly missing: string;
}

/** Turn a refused response into an error; 408, 425, 429 and 5xx into {@link Retryable}. Consumes the body. */
export async function responseError(
  response: HttpResponse,
  subject: Subject,
): Promise<StrataError | Retryable> {
  const detail = await errorDetail(response);
  const { status } = response;
  const said = detail === '' ? `HTTP ${status}` : `HTTP ${status}: ${detail}`;
  const context = { status, host: subject.host };
  const make = (kind: StrataError['kind'], code: string, message: string, hint: string) =>
    new StrataError(kind, code, message, { hint, context });
  if (status === 401) {
    return make(
      'permission-denied',
      'REGISTRY_UNAUTHORIZED',
      `${subject.host} refuses access to ${subject.what} (${said})`,
      `it does not exist or needs a login: strata login ${subject.host}`,
    );
  }
  if (status === 403) {
    return make(
      'permission-denied',
      'REGISTRY_DENIED',
      `${subject.host} denies access to ${subject.what} (${said})`,
      `these credentials may not do this; log in as somebody who may: strata login ${subject.host}`,
    );
  }
  if (status === 404) {
    return make(
      'not-found',
      subject.missing,
      `${subject.what} not found on ${subject.host}`,
      'check the spelling; a private repository may need a login',
    );
  }
  if (status === 429) {
    const error = make(
      'unavailable',
      'REGISTRY_RATE_LIMITED',
      `${subject.host} limits our requests (${said})`,
      'wait, or log in for a higher limit',
    );
    return new Retryable(error, { retryAfter: retryAfter(response) });
  }
  if (status === 408 || status === 425 || status >= 500) {
    const error = make(
      'unavailable',
      'REGISTRY_UNAVAILABLE',
      `${subject.host} cannot serve ${subject.what} (${said})`,
      'the registry has trouble; try again later',
    );
    return new Retryable(error, { retryAfter: retryAfter(response) });
  }
  return make(
    'failed-precondition',
    'REGISTRY_REFUSED',
    `${subject.host} refused the request for ${subject.what} (${said})`,
    'the registry does not accept this request',
  );
}

/** RFC 9110 section 10.2.3: seconds or a date; past and unreadable ones are ignored. */
function retryAfter(response: HttpResponse): number | undefined {
  const text = response.header('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  const wait = Date.parse(text) - Date.now();
  return Number.isFinite(wait) && wait > 0 ? wait : undefined;
}

/** The first message of a distribution-spec error body, on one printable line. */
async function errorDetail(response: HttpResponse): Promise<string> {
  const bytes = await response.bytes(maxErrorBody).catch(() => undefined);
  if (bytes === undefined || bytes.length === 0) return '';
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    const errors = isJsonObject(body) ? body.errors : undefined;
    const first: unknown = Array.isArray(errors) ? errors[0] : body;
    if (!isJsonObject(first)) return '';
    const message = [first.message, first.details, first.code].find((s) => typeof s === 'string' && s !== '');
    return typeof message === 'string' ? printable(message) : '';
  } catch {
    return '';
  }
}

/** Text of a stranger, safe for a terminal. */
export function printable(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .slice(0, 300)
    .trim();
}
