import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, StrataError } from '@strata/core';

/** TLS material for one registry host. */
export interface Certificates {
  /** Authorities trusted besides the system's. */
  readonly ca: readonly Buffer[];
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Where Docker and containers tools keep them, most specific last word first (containers-certs.d(5)). */
const certificateDirectories = ['/etc/containers/certs.d', '/etc/docker/certs.d'] as const;

/**
 * `<directory>/<host[:port]>/`: `*.crt` are authorities, `x.cert` with `x.key` a client certificate. The first
 * directory that has the host counts. @throws failed-precondition `REGISTRY_CERTS_INVALID`
 */
export async function loadCertificates(
  host: string,
  directories: readonly string[] = certificateDirectories,
): Promise<Certificates | undefined> {
  if (!/^[A-Za-z0-9.:[\]_-]+$/.test(host) || host.startsWith('.')) return undefined;
  for (const directory of directories) {
    const path = join(directory, host);
    const names = await listing(path);
    if (names !== undefined) return await readFrom(path, names);
  }
  return undefined;
}

async function listing(path: string): Promise<string[] | undefined> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw invalid(`cannot read ${path}`, error);
  }
}

async function readFrom(path: string, names: readonly string[]): Promise<Certificates> {
  const ca: Buffer[] = [];
  let client: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  for (const name of names) {
    if (name.endsWith('.crt')) ca.push(await readFile(join(path, name)));
    if (!name.endsWith('.cert')) continue;
    const keyName = name.replace(/\.cert$/, '.key');
    if (!names.includes(keyName)) throw invalid(`${join(path, name)} has no ${keyName} beside it`);
    client ??= { cert: await readFile(join(path, name)), key: await readFile(join(path, keyName)) };
  }
  return { ca, ...client };
}

function invalid(message: string, cause?: unknown): StrataError {
  return new StrataError('failed-precondition', 'REGISTRY_CERTS_INVALID', message, {
    hint: 'a client certificate is NAME.cert with NAME.key, an authority is NAME.crt (containers-certs.d(5))',
    cause,
  });
}
