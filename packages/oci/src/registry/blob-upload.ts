import { Readable } from 'node:stream';
import type { Descriptor } from '@strata/core';
import { StrataError } from '@strata/core';
import type { ClientContext } from './client.ts';
import { responseError, type Subject } from './registry-error.ts';
import { retrying } from './retry.ts';
import type { Source } from './sources.ts';
import type { HttpResponse } from './transport.ts';

/** A blob we hold. */
export interface UploadSource {
  readonly descriptor: Descriptor;
  /** Its bytes from `start`, up to and without `end`. Called again for every attempt. */
  open(start: number, end: number): Readable;
}

export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** Bytes sent so far. */
  readonly onProgress?: (current: number) => void;
  /** A repository of the same registry that may hold the blob already. */
  readonly mountFrom?: string;
  /** Send in pieces of this size (PATCH) instead of one body. For proxies that limit it. */
  readonly chunkBytes?: number;
}

export type UploadResult = 'exists' | 'mounted' | 'pushed';

export interface Upload {
  readonly source: Source;
  readonly blob: UploadSource;
  readonly options: UploadOptions;
}

/** distribution-spec "Pushing Blobs": HEAD, then mount, then POST and PUT. */
export async function pushBlobTo(context: ClientContext, upload: Upload): Promise<UploadResult> {
  const { options, blob } = upload;
  const onRetry = (reason: string, delay: number) =>
    context.onRetry?.({ what: blob.descriptor.digest, reason, delay });
  return await retrying(() => attempt(context, upload), {
    policy: context.retry,
    signal: options.signal,
    onRetry,
  });
}

async function attempt(context: ClientContext, upload: Upload): Promise<UploadResult> {
  if (await exists(context, upload)) return 'exists';
  const start = await begin(context, upload);
  if (start === 'mounted') return 'mounted';
  const { chunkBytes } = upload.options;
  const chunked = chunkBytes !== undefined && chunkBytes < upload.blob.descriptor.size;
  await (chunked ? sendChunks(context, upload, start) : sendWhole(context, upload, start));
  return 'pushed';
}

async function exists(context: ClientContext, upload: Upload): Promise<boolean> {
  const { source, blob } = upload;
  const response = await send(context, upload, {
    method: 'HEAD',
    path: `${source.repository}/blobs/${blob.descriptor.digest}`,
  });
  await response.discard();
  if (response.status === 200) return true;
  if (response.status === 404 || response.status === 405) return false;
  throw await responseError(response, subject(upload));
}

async function begin(context: ClientContext, upload: Upload): Promise<URL | 'mounted'> {
  const { source, blob, options } = upload;
  const mount =
    options.mountFrom === undefined
      ? ''
      : `?mount=${blob.descriptor.digest}&from=${encodeURIComponent(options.mountFrom)}`;
  const response = await send(context, upload, {
    method: 'POST',
    path: `${source.repository}/blobs/uploads/${mount}`,
    headers: { 'content-length': '0' },
  });
  if (response.status === 201 && mount !== '') {
    await response.discard();
    return 'mounted';
  }
  if (response.status !== 202) throw await responseError(response, subject(upload));
  await response.discard();
  return nextLocation(response, upload);
}

async function sendWhole(context: ClientContext, upload: Upload, location: URL): Promise<void> {
  const { size } = upload.blob.descriptor;
  const response = await send(context, upload, {
    method: 'PUT',
    path: withDigest(location, upload),
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
    body: () => counted(upload, 0, size),
  });
  await finished(response, upload);
}

async function sendChunks(context: ClientContext, upload: Upload, first: URL): Promise<void> {
  const { size } = upload.blob.descriptor;
  const step = upload.options.chunkBytes!;
  let location = first;
  for (let start = 0; start < size; start += step) {
    const end = Math.min(size, start + step);
    const response = await send(context, upload, {
      method: 'PATCH',
      path: location,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(end - start),
        'content-range': `${start}-${end - 1}`,
      },
      body: () => counted(upload, start, end),
    });
    if (response.status !== 202) throw await responseError(response, subject(upload));
    await response.discard();
    location = nextLocation(response, upload);
  }
  const headers = { 'content-length': '0' };
  await finished(
    await send(context, upload, { method: 'PUT', path: withDigest(location, upload), headers }),
    upload,
  );
}

async function finished(response: HttpResponse, upload: Upload): Promise<void> {
  if (response.status !== 201 && response.status !== 204 && response.status !== 202)
    throw await responseError(response, subject(upload));
  await response.discard();
}

interface Step {
  readonly method: 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: () => Readable;
}

async function send(context: ClientContext, { source, options }: Upload, step: Step): Promise<HttpResponse> {
  const mount = options.mountFrom === undefined ? [] : [`repository:${options.mountFrom}:pull`];
  return await context.session.send({
    ...step,
    source,
    scopes: [`repository:${source.repository}:pull,push`, ...mount],
    headersTimeout: context.timeouts.upload,
    signal: options.signal,
  });
}

function counted({ blob, options }: Upload, start: number, end: number): Readable {
  const stream = blob.open(start, end);
  if (options.onProgress === undefined) return stream;
  const report = options.onProgress;
  async function* count() {
    let sent = start;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      yield chunk;
      sent += chunk.length;
      report(sent);
    }
  }
  return Readable.from(count(), { objectMode: false });
}

/** Where the registry wants the bytes. One behind a TLS proxy often says http: of itself; that stays HTTPS. */
function nextLocation(response: HttpResponse, upload: Upload): URL {
  const text = response.header('location');
  if (text === undefined || !URL.canParse(text, response.url.href)) throw badLocation(upload);
  const url = new URL(text, response.url);
  if (
    url.hostname === response.url.hostname &&
    response.url.protocol === 'https:' &&
    url.protocol === 'http:'
  ) {
    url.protocol = 'https:';
    if (url.port === '80') url.port = '';
  }
  if (url.protocol !== 'https:' && url.protocol !== response.url.protocol) throw badLocation(upload);
  return url;
}

function withDigest(location: URL, { blob }: Upload): URL {
  const url = new URL(location);
  url.searchParams.set('digest', blob.descriptor.digest);
  return url;
}

function badLocation({ source }: Upload): StrataError {
  return new StrataError(
    'failed-precondition',
    'REGISTRY_REFUSED',
    `${source.host} did not say where to upload to`,
    {
      hint: 'the registry is misconfigured; tell whoever runs it',
    },
  );
}

function subject({ source, blob }: Upload): Subject {
  return {
    what: `pushing ${blob.descriptor.digest} to ${source.repository}`,
    host: source.host,
    missing: 'REPOSITORY_NOT_FOUND',
  };
}
