import { StrataError } from '@strata/core';

/** Registries refuse larger manifests; containerd's and Docker's limit (OCI distribution-spec asks for ≥ 4 MiB). */
export const maxDocumentBytes = 4 * 1024 * 1024;
const maxDepth = 64;

export interface JsonLimits {
  /** Named in messages: `manifest`, `image config`. */
  readonly what: string;
  readonly maxBytes?: number;
}

/** A JSON object of unknown shape, without a prototype. */
export type JsonObject = { readonly [key: string]: unknown };

/**
 * Parse untrusted JSON: bounded size and depth, strict UTF-8, and objects without a prototype, so that a key
 * `__proto__` is a key like any other. @throws invalid-argument `DOCUMENT_TOO_LARGE`, `DOCUMENT_INVALID`
 */
export function parseJson(bytes: Uint8Array, { what, maxBytes = maxDocumentBytes }: JsonLimits): unknown {
  if (bytes.byteLength > maxBytes) {
    throw new StrataError(
      'invalid-argument',
      'DOCUMENT_TOO_LARGE',
      `the ${what} is larger than ${maxBytes} bytes`,
      {
        context: { bytes: bytes.byteLength, maxBytes },
      },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw invalidDocument(what, 'it is not JSON', cause);
  }
  return withoutPrototypes(value, what, 0);
}

/** Like {@link parseJson}; the top level must be an object. */
export function parseJsonObject(bytes: Uint8Array, limits: JsonLimits): JsonObject {
  const value = parseJson(bytes, limits);
  if (isJsonObject(value)) return value;
  throw invalidDocument(limits.what, 'it is not a JSON object');
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutPrototypes(value: unknown, what: string, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= maxDepth) throw invalidDocument(what, `it nests deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) return value.map((item) => withoutPrototypes(item, what, depth + 1));
  const result: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value)) {
    result[key] = withoutPrototypes((value as Record<string, unknown>)[key], what, depth + 1);
  }
  return result;
}

export function invalidDocument(what: string, why: string, cause?: unknown): StrataError {
  return new StrataError('invalid-argument', 'DOCUMENT_INVALID', `the ${what} is invalid: ${why}`, {
    hint: 'the image is broken or was made by a faulty tool; nothing of it was used',
    cause,
  });
}
