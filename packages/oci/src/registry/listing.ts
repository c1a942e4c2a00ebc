import { StrataError } from '@strata/core';
import { isJsonObject, parseJsonObject } from '../document/parse-json.ts';
import type { ClientContext } from './client.ts';
import { responseError } from './registry-error.ts';
import { retrying } from './retry.ts';
import type { Source } from './sources.ts';

const maxPages = 100;
const pageSize = 1000;

/** distribution-spec "Listing Tags". */
export async function listTags(
  context: ClientContext,
  source: Source,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const scopes = [`repository:${source.repository}:pull`];
  return await pages(context, {
    source,
    path: `${source.repository}/tags/list`,
    field: 'tags',
    scopes,
    signal,
  });
}

/** Docker's `_catalog`; many registries refuse it. */
export async function listCatalog(
  context: ClientContext,
  source: Source,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  return await pages(context, {
    source,
    path: '_catalog',
    field: 'repositories',
    scopes: ['registry:catalog:*'],
    signal,
  });
}

interface Listing {
  readonly source: Source;
  readonly path: string;
  readonly field: string;
  readonly scopes: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

async function pages(context: ClientContext, listing: Listing): Promise<readonly string[]> {
  const all: string[] = [];
  let path: string | URL | undefined = `${listing.path}?n=${pageSize}`;
  for (let page = 0; path !== undefined && page < maxPages; page++) {
    const { names, next } = await onePage(context, listing, path);
    all.push(...names);
    path = next;
  }
  return all;
}

async function onePage(
  context: ClientContext,
  { source, scopes, signal, field }: Listing,
  path: string | URL,
) {
  const policy = { policy: context.retry, signal };
  return await retrying(async () => {
    const response = await context.session.send({ source, method: 'GET', path, scopes, signal });
    const what = { what: source.repository, host: source.host, missing: 'REPOSITORY_NOT_FOUND' };
    if (response.status !== 200) throw await responseError(response, what);
    const body = parseJsonObject(await response.bytes(4 * 1024 * 1024), { what: 'list' });
    const names = isJsonObject(body) ? (body[field] ?? []) : [];
    if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
      throw new StrataError(
        'invalid-argument',
        'DOCUMENT_INVALID',
        `${source.host} sent a list that is none`,
      );
    }
    return { names: names as string[], next: nextPage(response.header('link'), response.url) };
  }, policy);
}

/** RFC 8288 `<…>; rel="next"`, on the same host only. */
function nextPage(link: string | undefined, base: URL): URL | undefined {
  const target = /^<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, base.href)) return undefined;
  const url = new URL(target, base);
  return url.origin === base.origin ? url : undefined;
}
