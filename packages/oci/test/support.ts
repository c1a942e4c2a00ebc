import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Descriptor, ImageStore } from '@strata/core';
import image from '@strata/driver-image-local';
import { createHost } from '@strata/host';
import { digestOf, parseReference, type Reference, RegistryClient, type RegistryOptions } from '@strata/oci';

/** A directory in memory that goes with the test. */
export function scratch(): { readonly path: string; remove(): void } {
  const path = mkdtempSync('/dev/shm/strata-oci-test-');
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A real image store. */
export async function openStore(path: string): Promise<ImageStore> {
  const host = createHost();
  const context = {
    root: path,
    runDirectory: join(path, 'run'),
    host,
    log: host.log,
    signal: new AbortController().signal,
  };
  return await image.create({ ...context, options: {} });
}

/** A client that knows no configuration of this machine and does not wait long. */
export function testClient(home: string, options: RegistryOptions = {}): RegistryClient {
  return new RegistryClient({
    env: { HOME: home, XDG_RUNTIME_DIR: join(home, 'run') },
    registriesConf: [],
    certificateDirectories: [],
    ...options,
    retry: { backoff: 1, maxBackoff: 5, ...options.retry },
    timeouts: { connect: 2_000, headers: 2_000, idle: 2_000, ...options.timeouts },
  });
}

export function blobDescriptor(bytes: Buffer): Descriptor {
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(bytes), size: bytes.length };
}

export function referenceOn(address: string, name = 'test/image:1'): Reference {
  return parseReference(`${address}/${name}`);
}

/** The code of whatever the promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
  return 'no error';
}
