import type { Descriptor, Digest } from '@strata/core';
import { isDigest, StrataError } from '@strata/core';
import { type ImageIndex, type ImageManifest, parseManifest } from '../document/manifest.ts';
import { acceptManifests } from '../document/media-types.ts';
import { maxDocumentBytes } from '../document/parse-json.ts';
import { digestAlgorithm, digestOf, verifyDigest } from '../reference/digest.ts';
import { defaultTag, formatReference, type Reference } from '../reference/reference.ts';
import type { ClientContext } from './client.ts';
import { responseError, type Subject } from './registry-error.ts';
import { retrying } from './retry.ts';
import type { Source } from './sources.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  /** As received; their digest is the descriptor's. */
  readonly bytes: Buffer;
  readonly document: ImageManifest | ImageIndex;
}

export interface ManifestCall extends CallOptions {
  readonly source: Source;
  readonly reference: Reference;
  /** What an index said about it: size and type must agree. */
  readonly expected?: Descriptor;
}

export async function getManifest(context: ClientContext, call: ManifestCall): Promise<FetchedManifest> {
  return await withRetries(context, call, async () => {
    const response = await context.session.send({ ...request(call), method: 'GET' });
    if (response.status !== 200) throw await responseError(response, subject(call));
    const bytes = await response.bytes(maxDocumentBytes);
    const promised = response.header('docker-content-digest');
    const digest = verified(bytes, call, promised);
    const contentType = call.expected?.mediaType || response.header('content-type');
    const document = await parseManifest(bytes, contentType);
    return { descriptor: { mediaType: document.mediaType, digest, size: bytes.length }, bytes, document };
  });
}

/** The digest that was asked for, else the promised one, else computed; always over the body. */
function verified(
  bytes: Buffer,
  { reference, expected }: ManifestCall,
  promised: string | undefined,
): Digest {
  const name = `the manifest of ${formatReference(reference)}`;
  if (expected !== undefined && expected.size !== bytes.length) {
    throw new StrataError(
      'data-loss',
      'DIGEST_MISMATCH',
      `${name} has ${bytes.length} bytes instead of ${expected.size}`,
      {
        hint: 'the index and its manifest do not belong together; ask its publisher to push it again',
      },
    );
  }
  if (reference.digest !== undefined) {
    verifyDigest(bytes, reference.digest, name);
    return reference.digest;
  }
  if (isDigest(promised)) verifyDigest(bytes, promised, name);
  return isDigest(promised) ? promised : digestOf(bytes);
}

export async function headManifest(
  context: ClientContext,
  call: ManifestCall,
): Promise<Descriptor | undefined> {
  return await withRetries(context, call, async () => {
    const response = await context.session.send({ ...request(call), method: 'HEAD' });
    await response.discard();
    if (response.status === 404) return undefined;
    const digest = response.header('docker-content-digest');
    const size = Number(response.header('content-length'));
    if (response.status === 200 && isDigest(digest) && Number.isSafeInteger(size)) {
      return { mediaType: response.header('content-type') ?? '', digest, size };
    }
    if (response.status === 200 || response.status === 405)
      return (await getManifest(context, call)).descriptor;
    throw await responseError(response, subject(call));
  });
}

/** Store manifest bytes. @throws data-loss when the registry reports another digest */
export async function putManifest(
  context: ClientContext,
  call: ManifestCall & { readonly bytes: Uint8Array; readonly mediaType: string },
): Promise<Digest> {
  const { source, reference, bytes, mediaType, signal } = call;
  const digest = digestOf(
    bytes,
    reference.digest === undefined ? 'sha256' : digestAlgorithm(reference.digest),
  );
  if (reference.digest !== undefined) verifyDigest(bytes, reference.digest, 'the manifest');
  await withRetries(context, call, async () => {
    const response = await context.session.send({
      source,
      method: 'PUT',
      path: `${source.repository}/manifests/${tagOrDigest(reference)}`,
      headers: { 'content-type': mediaType, 'content-length': String(bytes.byteLength) },
      body: () => bytes,
      scopes: [`repository:${source.repository}:pull,push`],
      signal,
    });
    if (response.status !== 201 && response.status !== 200 && response.status !== 202)
      throw await responseError(response, subject(call));
    const stored = response.header('docker-content-digest');
    await response.discard();
    if (isDigest(stored) && digestAlgorithm(stored) === digestAlgorithm(digest) && stored !== digest) {
      throw new StrataError(
        'data-loss',
        'DIGEST_MISMATCH',
        `${source.host} stored ${stored} instead of ${digest}`,
      );
    }
  });
  return digest;
}

function request({ source, reference, signal }: ManifestCall) {
  return {
    source,
    path: `${source.repository}/manifests/${tagOrDigest(reference)}`,
    headers: { accept: acceptManifests },
    scopes: [`repository:${source.repository}:pull`],
    signal,
  };
}

function tagOrDigest(reference: Reference): string {
  return reference.digest ?? reference.tag ?? defaultTag;
}

function subject({ source, reference }: ManifestCall): Subject {
  return { what: formatReference(reference), host: source.host, missing: 'MANIFEST_NOT_FOUND' };
}

async function withRetries<T>(
  context: ClientContext,
  call: ManifestCall,
  attempt: () => Promise<T>,
): Promise<T> {
  const what = formatReference(call.reference);
  return await retrying(attempt, {
    policy: context.retry,
    signal: call.signal,
    onRetry: (reason, delay) => context.onRetry?.({ what, reason, delay }),
  });
}
