import { createHash } from 'node:crypto';
import type { Digest } from '@strata/core';
import { isDigest, StrataError } from '@strata/core';

/** @throws invalid-argument `DIGEST_INVALID` */
export function parseDigest(text: unknown): Digest {
  if (isDigest(text)) return text;
  throw new StrataError(
    'invalid-argument',
    'DIGEST_INVALID',
    `invalid digest '${String(text).slice(0, 150)}'`,
    {
      hint: 'a digest is sha256: and 64 lower-case hexadecimal digits (or sha512: and 128)',
    },
  );
}

/** `sha256` or `sha512`. */
export function digestAlgorithm(digest: Digest): 'sha256' | 'sha512' {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The part after the colon. */
export function digestHex(digest: Digest): string {
  return digest.slice(7);
}

export function digestOf(bytes: Uint8Array | string, algorithm: 'sha256' | 'sha512' = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/** @throws data-loss `DIGEST_MISMATCH`, naming `what` */
export function verifyDigest(bytes: Uint8Array, expected: Digest, what: string): void {
  const actual = digestOf(bytes, digestAlgorithm(expected));
  if (actual === expected) return;
  throw new StrataError(
    'data-loss',
    'DIGEST_MISMATCH',
    `${what} has digest ${actual} instead of ${expected}`,
    {
      hint: 'the source sent other bytes than it promised; nothing was kept',
      context: { expected, actual },
    },
  );
}
