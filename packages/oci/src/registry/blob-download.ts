import type { BlobWriter, Descriptor } from '@strata/core';
import { StrataError } from '@strata/core';
import { isForeignLayer } from '../document/media-types.ts';
import type { ClientContext } from './client.ts';
import { Retryable, responseError } from './registry-error.ts';
import { connectionError, retrying, throwIfCancelled } from './retry.ts';
import type { Source } from './sources.ts';
import type { HttpResponse } from './transport.ts';

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** Bytes held so far, resumed ones included. Goes back to 0 when the source makes us start again. */
  readonly onProgress?: (current: number) => void;
}

/** Where bytes go; lives on from one source to the next. */
export interface DownloadTarget {
  readonly writer: BlobWriter;
  offset: number;
}

export interface Download {
  readonly source: Source;
  readonly descriptor: Descriptor;
  readonly target: DownloadTarget;
  readonly options: DownloadOptions;
}

/** Fetch the rest of a blob from one source: reconnect where the connection broke, start again when it ignores our range. */
export async function fetchBlobFrom(context: ClientContext, download: Download): Promise<void> {
  const { descriptor, target, options } = download;
  const state = { useRange: true, highWater: target.offset };
  await retrying(() => attempt(context, download, state), {
    policy: context.retry,
    signal: options.signal,
    onRetry: (reason, delay) => context.onRetry?.({ what: descriptor.digest, reason, delay }),
    progressed: () => {
      if (target.offset < state.highWater + context.retry.progressBytes) return false;
      state.highWater = target.offset;
      return true;
    },
  });
}

async function attempt(
  context: ClientContext,
  download: Download,
  state: { useRange: boolean },
): Promise<void> {
  const { descriptor, target, options } = download;
  if (target.offset >= descriptor.size) return;
  if (!state.useRange && target.offset > 0) await startAgain(download);
  const response = await open(context, download);
  if (
    response.status === 416 ||
    (response.status === 206 && !isExactRange(response, descriptor, target.offset))
  ) {
    response.body.destroy();
    state.useRange = false;
    throw broken(download, 'it does not serve the range we asked for');
  }
  if (response.status !== 200 && response.status !== 206) {
    throw await responseError(response, {
      what: `blob ${descriptor.digest}`,
      host: download.source.host,
      missing: 'BLOB_NOT_FOUND',
    });
  }
  if (response.status === 200 && target.offset > 0) await startAgain(download);
  const length = Number(response.header('content-length') ?? Number.NaN);
  if (length > descriptor.size - target.offset) {
    response.body.destroy();
    throw tooLong(download);
  }
  await pump(context, download, response);
  if (target.offset < descriptor.size)
    throw broken(download, `it ended ${descriptor.size - target.offset} bytes early`);
  options.signal?.throwIfAborted();
}

async function startAgain({ target, options }: Download): Promise<void> {
  await target.writer.restart();
  target.offset = 0;
  options.onProgress?.(0);
}

async function open(
  context: ClientContext,
  { source, descriptor, target, options }: Download,
): Promise<HttpResponse> {
  const headers: Record<string, string> = target.offset > 0 ? { range: `bytes=${target.offset}-` } : {};
  const response = await context.session.send({
    source,
    method: 'GET',
    path: `${source.repository}/blobs/${descriptor.digest}`,
    headers,
    scopes: [`repository:${source.repository}:pull`],
    signal: options.signal,
  });
  if (response.status !== 404 || !isForeignLayer(descriptor.mediaType)) return response;
  const url = (descriptor.urls ?? []).find(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
  );
  if (url === undefined) return response;
  await response.discard();
  return await context.session.sendPlain(source, new URL(url), headers, options.signal);
}

/** RFC 9110 section 14.4: exactly the rest we asked for. */
function isExactRange(response: HttpResponse, { size }: Descriptor, offset: number): boolean {
  const match = /^bytes ([0-9]{1,16})-([0-9]{1,16})\/([0-9]{1,16}|\*)$/.exec(
    response.header('content-range') ?? '',
  );
  if (match === null) return false;
  const [, first, last, total] = match;
  return Number(first) === offset && Number(last) === size - 1 && (total === '*' || Number(total) === size);
}

async function pump(context: ClientContext, download: Download, response: HttpResponse): Promise<void> {
  const { descriptor, target, source, options } = download;
  const stopWatch = watchRate(context, download, response);
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      if (target.offset + chunk.length > descriptor.size) throw tooLong(download);
      await target.writer.write(chunk);
      target.offset += chunk.length;
      options.onProgress?.(target.offset);
    }
  } catch (error) {
    throwIfCancelled(options.signal);
    const failure = connectionError(error, source.host);
    throw failure instanceof Retryable ? broken(download, failure.message) : failure;
  } finally {
    stopWatch();
    response.body.destroy();
  }
}

/** A trickle keeps the idle limit from firing; reconnecting usually finds a faster path. */
function watchRate(context: ClientContext, download: Download, response: HttpResponse): () => void {
  const { rateWindow } = context.timeouts;
  const minimum = (context.retry.minimumRate * rateWindow) / 1000;
  let last = download.target.offset;
  const timer = setInterval(() => {
    const received = download.target.offset - last;
    last = download.target.offset;
    if (received < minimum) response.body.destroy(broken(download, 'it is too slow'));
  }, rateWindow);
  timer.unref();
  return () => clearInterval(timer);
}

function broken({ descriptor, source }: Download, why: string): Retryable {
  const message = `the transfer of ${descriptor.digest} from ${source.host} failed: ${why}`;
  return new Retryable(
    new StrataError('unavailable', 'BLOB_TRANSFER', message, {
      hint: 'what arrived is kept; run the command again to go on from there',
    }),
  );
}

function tooLong({ descriptor, source }: Download): StrataError {
  return new StrataError(
    'data-loss',
    'BLOB_SIZE_MISMATCH',
    `${source.host} sends more than the ${descriptor.size} bytes of ${descriptor.digest}`,
    {
      hint: 'the registry is broken or dishonest; nothing of it was used',
    },
  );
}
