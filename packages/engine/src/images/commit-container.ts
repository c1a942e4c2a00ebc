import { type Digest, StrataError } from '@strata/core';
import type { WrittenExecution } from '@strata/oci';
import type { CommitRequest } from '../api/images.ts';
import type { ContainerRecord } from '../containers/state/container-record.ts';
import { findContainer } from '../containers/state/container-store.ts';
import { throwIfRemoved } from '../containers/throw-if-removed.ts';
import type { InternalServices } from '../internal-services.ts';
import { containerChanges } from './container-changes.ts';
import { freezeContainer } from './freeze-container.ts';
import type { ImageRecord } from './image-record.ts';
import { type ConfigDocument, createImage } from './new-image.ts';
import { Pins } from './pins.ts';
import { readConfig } from './record-image.ts';
import { type StoredLayer, storeChanges } from './store-layer.ts';

/** A container's changes as one more layer over its image; like any other it is unpacked when a driver needs it. */
export async function commitContainer(
  services: InternalServices,
  request: CommitRequest,
): Promise<{ readonly id: Digest; readonly digest: Digest }> {
  const { applyChanges } = await import('@strata/oci');
  // Bad ones are told before a long read.
  applyChanges({}, request.changes ?? []);
  const container = findContainer(services.database, request.container);
  const base = baseOf(services, container);
  await using pins = new Pins(services);
  await pins.add(base.layers.map((layer) => layer.blob.digest));
  const signal =
    request.signal === undefined ? services.signal : AbortSignal.any([request.signal, services.signal]);
  const layer = await changesAsLayer(services, pins, { container, signal, pause: request.pause !== false });
  const record = await createImage(services, pins, {
    config: await committedConfig(services, { base, container, layer, request }),
    layers: [...base.layers.map((one) => one.blob), layer.blob],
    reference: request.reference,
    action: 'commit',
    layerBytes: { diffId: layer.diffId, bytes: layer.uncompressedBytes },
  });
  return { id: record.config.digest, digest: record.manifest.digest };
}

/** Frozen only while its files are read. */
async function changesAsLayer(
  services: InternalServices,
  pins: Pins,
  from: { readonly container: ContainerRecord; readonly signal: AbortSignal; readonly pause: boolean },
): Promise<StoredLayer> {
  const thaw = from.pause ? await freezeContainer(services, from.container) : async () => undefined;
  try {
    const store = await services.layers.open(from.container.storage);
    const stored = await containerChanges(services.host, store, from.container.id, (source) =>
      storeChanges(services, pins, { source, signal: from.signal, onWritten: thaw }),
    );
    throwIfRemoved(services, from.container);
    return stored;
  } catch (error) {
    throwIfRemoved(services, from.container);
    throw error;
  } finally {
    await thaw();
  }
}

function baseOf(services: InternalServices, container: ContainerRecord): ImageRecord {
  const base = services.catalog.byId(container.imageId as Digest)[0];
  if (base !== undefined) return base;
  throw new StrataError(
    'failed-precondition',
    'IMAGE_OF_CONTAINER_GONE',
    `The image of container ${container.name} was removed, so there is nothing to add a layer to`,
    { hint: 'Use `strata export` and `strata import` instead' },
  );
}

interface Committed {
  readonly base: ImageRecord;
  readonly container: ContainerRecord;
  readonly layer: StoredLayer;
  readonly request: CommitRequest;
}

async function committedConfig(
  services: InternalServices,
  { base, container, layer, request }: Committed,
): Promise<ConfigDocument> {
  const { applyChanges, configDocument } = await import('@strata/oci');
  const parsed = await readConfig(services, base.config.digest);
  const document = configDocument(parsed);
  const created = new Date().toISOString();
  const { entrypoint, command } = container.config;
  const comment = request.message;
  return {
    ...document,
    created,
    ...(request.author === undefined ? {} : { author: request.author }),
    architecture: parsed.architecture,
    os: parsed.os,
    config: applyChanges({ ...document.config, ...runtimeConfig(container) }, request.changes ?? []),
    rootfs: { type: 'layers', diff_ids: [...parsed.diffIds, layer.diffId] },
    history: [
      ...parsed.history.map((entry) => ({ ...entry })),
      {
        created,
        created_by: [...entrypoint, ...command].join(' '),
        ...(request.author === undefined ? {} : { author: request.author }),
        ...(comment === undefined ? {} : { comment }),
      },
    ],
  };
}

/** docker commit keeps how the container was run. */
function runtimeConfig({ config, labels }: ContainerRecord): WrittenExecution {
  const ofThisRun = [`HOSTNAME=${config.hostname}`, ...(config.tty ? ['TERM=xterm'] : [])];
  return {
    Env: config.env.filter((line) => !ofThisRun.includes(line)),
    Entrypoint: [...config.entrypoint],
    Cmd: [...config.command],
    WorkingDir: config.workingDirectory === '/' ? '' : config.workingDirectory,
    User: config.user,
    Labels: labels,
    ...(config.healthcheck === undefined
      ? {}
      : { Healthcheck: { ...config.healthcheck, Test: [...config.healthcheck.Test] } }),
    ...(config.volumes.length > 0
      ? { Volumes: Object.fromEntries(config.volumes.map((target) => [target, {}])) }
      : {}),
    ...(config.exposedPorts.length > 0
      ? { ExposedPorts: Object.fromEntries(config.exposedPorts.map((port) => [port, {}])) }
      : {}),
  };
}
