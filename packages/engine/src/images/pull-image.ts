import type { Descriptor, Digest } from '@strata/core';
import { isStrataError, StrataError } from '@strata/core';
import type { Reference, ResolvedImage } from '@strata/oci';
import type { PullRequest, PullResult } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import { volatileTransaction } from '../state/volatile.ts';
import { fetchLayers } from './fetch-layers.ts';
import type { ImageRecord } from './image-record.ts';
import { type OpenRegistry, openRegistry } from './open-registry.ts';
import { Pins } from './pins.ts';
import { LayerReport } from './pull-progress.ts';
import { imageRecord, nameImage, putBlob } from './record-image.ts';
import { unpackStack } from './unpack-stack.ts';

const MAX_CONFIG = 4 << 20;

/** Resolve, fetch and unpack at once, then name. Whatever fails, only resumable ingests stay. */
export async function pullImage(services: InternalServices, request: PullRequest): Promise<PullResult> {
  const message = (text: string) => request.onProgress?.({ kind: 'message', text });
  await using registry = await openRegistry(services, message);
  const references = await registry.client.candidates(request.reference);
  if (request.allTags === true) return await pullAllTags({ services, registry, request }, references[0]!);
  return await pullFirst({ services, registry, request }, references);
}

interface Pull {
  readonly services: InternalServices;
  readonly registry: OpenRegistry;
  readonly request: PullRequest;
}

/** A short name may mean several repositories: the first that has it. */
async function pullFirst(pull: Pull, references: readonly Reference[]): Promise<PullResult> {
  const { withDefaultTag } = await import('@strata/oci');
  for (const [index, reference] of references.entries()) {
    try {
      return await pullOne(pull, withDefaultTag(reference));
    } catch (error) {
      const last = index === references.length - 1;
      if (last || !(isStrataError(error, 'not-found') || isStrataError(error, 'permission-denied')))
        throw error;
    }
  }
  throw new StrataError(
    'not-found',
    'IMAGE_NOT_FOUND',
    `No registry is configured for ${pull.request.reference}`,
  );
}

async function pullAllTags(pull: Pull, reference: Reference): Promise<PullResult> {
  const { canonicalName } = await import('@strata/oci');
  const { tag: _tag, digest: _digest, ...repository } = reference;
  const tags = await pull.registry.client.tags(repository, signalOf(pull.request));
  let last: PullResult | undefined;
  for (const tag of tags) {
    const result = await pullOne(pull, { ...repository, tag });
    last = { ...result, changed: result.changed || (last?.changed ?? false) };
  }
  if (last === undefined)
    throw new StrataError('not-found', 'IMAGE_NOT_FOUND', `${canonicalName(repository)} has no tags`);
  return last;
}

async function pullOne(pull: Pull, reference: Reference): Promise<PullResult> {
  const oci = await import('@strata/oci');
  const { canonicalName, formatReference, hostPlatform, matchesPlatform } = oci;
  const { services, registry, request } = pull;
  const platform = request.platform === undefined ? hostPlatform() : oci.parsePlatform(request.platform);
  const image = await oci.resolveImage(registry.client, { reference, platform, ...signalOf(request) });
  request.onProgress?.({
    kind: 'resolved',
    reference: formatReference(reference),
    digest: image.top.descriptor.digest,
    layers: image.manifest.layers.length,
  });
  await using pins = new Pins(services);
  const known = services.catalog.get(image.descriptor.digest);
  await pins.add([
    image.descriptor.digest,
    image.manifest.config.digest,
    ...image.manifest.layers.map((l) => l.digest),
  ]);
  const record = known ?? (await readRecord(pull, reference, image));
  // An index was asked for it; what is no index says it in its config.
  const single = image.top.document.kind !== 'index';
  if (single && request.platform !== undefined && !matchesPlatform(platform, record.platform))
    throw oci.platformNotFound([record.platform], platform, formatReference(reference));
  await pins.add(record.layers.map((layer) => layer.chainId));
  const fetched = await fetchAndUnpack(pull, reference, record);
  await putBlob(services.imageStore, image.descriptor.digest, image.bytes);
  const name = canonicalName(reference);
  const held = known !== undefined && !fetched && (await isNamed(services, name, record));
  if (held) {
    // Docker tells of this, too. Nothing else changes, so there is nothing to make durable.
    const event = { type: 'image', action: 'pull', id: name, attributes: { name } } as const;
    volatileTransaction(services.database, () => services.events.emit(event));
  }
  const before = held
    ? record.manifest.digest
    : await nameImage(services, name, record, { action: 'pull', also: () => services.catalog.add(record) });
  return {
    name,
    digest: image.top.descriptor.digest as Digest,
    id: record.config.digest,
    changed: fetched || before !== record.manifest.digest,
  };
}

/** In both places that know names. */
async function isNamed(
  { catalog, imageStore }: InternalServices,
  name: string,
  { manifest }: ImageRecord,
): Promise<boolean> {
  if (catalog.name(name) !== manifest.digest) return false;
  return (await imageStore.reference(name))?.target.digest === manifest.digest;
}

/** Fetch the config and see that it fits the manifest. */
async function readRecord(pull: Pull, reference: Reference, image: ResolvedImage): Promise<ImageRecord> {
  const { parseImageConfig, pullBlob } = await import('@strata/oci');
  const { imageStore } = pull.services;
  const { config } = image.manifest;
  checkConfigSize(config);
  await pullBlob(
    { client: pull.registry.client, reference, store: imageStore },
    config,
    signalOf(pull.request),
  );
  const parsed = await parseImageConfig(await imageStore.read(config.digest, MAX_CONFIG));
  return imageRecord(image.descriptor, image.manifest, parsed);
}

function checkConfigSize({ size }: Descriptor): void {
  if (size > MAX_CONFIG)
    throw new StrataError(
      'invalid-argument',
      'DOCUMENT_TOO_LARGE',
      `The image config is ${size} bytes, more than 4 MiB`,
    );
}

/** True when a blob came from the registry or a layer was unpacked. */
async function fetchAndUnpack(
  { services, registry, request }: Pull,
  reference: Reference,
  record: ImageRecord,
): Promise<boolean> {
  const report = new LayerReport(record.layers, request.onProgress);
  const stop = new AbortController();
  const signal = AbortSignal.any([
    stop.signal,
    services.signal,
    ...(request.signal === undefined ? [] : [request.signal]),
  ]);
  const store =
    request.storage === false
      ? undefined
      : await services.layers.open(await services.layers.select(request.storage));
  const unpacked = store === undefined || record.layers.every((layer) => store.has(layer.chainId));
  const together = store?.driver.capabilities.independentUnpack === true;
  await using fetching = fetchLayers(services, {
    client: registry.client,
    reference,
    record,
    report,
    signal,
    unpacking: unpacked ? 'no' : together ? 'together' : 'in-order',
  });
  try {
    if (store !== undefined)
      await unpackStack(services, { store, layers: record.layers, blobs: fetching, report, signal });
    return (await fetching.all) || !unpacked;
  } catch (error) {
    stop.abort(error);
    await fetching.all.catch(() => undefined);
    throw error;
  }
}

function signalOf({ signal }: PullRequest): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
