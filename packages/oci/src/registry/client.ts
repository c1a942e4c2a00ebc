/**
 * A client of the OCI distribution specification: what `pull`, `push`, `login` and `search` stand on. Verification is
 * built in: a manifest comes back only when its bytes have the digest that was asked for or promised.
 */
import type { BlobWriter, Descriptor, Digest } from '@strata/core';
import { StrataError } from '@strata/core';
import { parseReference, type Reference } from '../reference/reference.ts';
import { Authorizer } from './authorizer.ts';
import { Bases } from './bases.ts';
import { type DownloadOptions, fetchBlobFrom } from './blob-download.ts';
import { pushBlobTo, type UploadOptions, type UploadResult, type UploadSource } from './blob-upload.ts';
import { CredentialStore } from './credential-store.ts';
import type { Credentials } from './docker-config.ts';
import { listCatalog, listTags } from './listing.ts';
import { verifyLogin } from './login.ts';
import {
  type CallOptions,
  type FetchedManifest,
  getManifest,
  headManifest,
  putManifest,
} from './manifest-request.ts';
import {
  defaultRetry,
  defaultTimeouts,
  type RegistryOptions,
  type RetryPolicy,
  type Timeouts,
} from './options.ts';
import { loadRegistriesConf, type RegistriesConf, registriesConfPaths } from './registries-conf.ts';
import { Session } from './session.ts';
import { candidates, type Source, sourcesFor } from './sources.ts';
import { Transport } from './transport.ts';
import { trySources } from './try-sources.ts';

/** What the steps of the client share. */
export interface ClientContext {
  readonly session: Session;
  readonly timeouts: Timeouts;
  readonly retry: RetryPolicy;
  readonly onRetry: RegistryOptions['onRetry'];
  /** Mirrors that could not be reached, until when (epoch ms) they are left alone. */
  readonly dead: Map<string, number>;
}

export class RegistryClient {
  readonly #options: RegistryOptions;
  readonly #transport: Transport;
  readonly #credentials: CredentialStore;
  readonly #context: ClientContext;
  #conf: Promise<RegistriesConf> | undefined;

  constructor(options: RegistryOptions = {}) {
    const env = options.env ?? process.env;
    const timeouts = { ...defaultTimeouts, ...options.timeouts };
    const directories = options.certificateDirectories;
    this.#options = options;
    this.#transport = new Transport({
      timeouts,
      env,
      certificateDirectories: directories,
      userAgent: options.userAgent ?? 'strata',
    });
    this.#credentials = new CredentialStore(env, options.exec);
    this.#context = {
      session: new Session(
        this.#transport,
        new Authorizer(this.#credentials, this.#transport),
        new Bases(this.#transport, directories),
      ),
      timeouts,
      retry: { ...defaultRetry, ...options.retry },
      onRetry: options.onRetry,
      dead: new Map(),
    };
  }

  /** What a name typed by a person may mean, best first: aliases and search registries of registries.conf. */
  async candidates(name: string): Promise<readonly Reference[]> {
    return candidates(name, await this.#registriesConf());
  }

  /** Manifest or index by tag or digest, verified. @throws not-found `MANIFEST_NOT_FOUND`; data-loss; and the registry's errors */
  async manifest(
    reference: Reference,
    options: CallOptions & { readonly expected?: Descriptor } = {},
  ): Promise<FetchedManifest> {
    return await this.#pull(reference, options, (context, source) =>
      getManifest(context, { source, reference, ...options }),
    );
  }

  /** The descriptor a tag points at now, without its bytes; `undefined` when there is no such tag. */
  async head(reference: Reference, options: CallOptions = {}): Promise<Descriptor | undefined> {
    return await this.#pull(reference, options, (context, source) =>
      headManifest(context, { source, reference, ...options }),
    );
  }

  /**
   * Stream a blob into `writer` from where it stands, with resume, restart and retries. The caller commits (which
   * verifies) or closes (which keeps the bytes for a later attempt).
   * @throws not-found `BLOB_NOT_FOUND`; data-loss `BLOB_SIZE_MISMATCH`; unavailable; aborted
   */
  async fetchBlob(
    reference: Reference,
    descriptor: Descriptor,
    writer: BlobWriter,
    options: DownloadOptions = {},
  ): Promise<void> {
    const target = { writer, offset: writer.offset };
    await this.#pull(reference, options, (context, source) =>
      fetchBlobFrom(context, { source, descriptor, target, options }),
    );
  }

  /** Upload a blob unless the repository has it, or can mount it from another repository of the registry. */
  async pushBlob(
    reference: Reference,
    blob: UploadSource,
    options: UploadOptions = {},
  ): Promise<UploadResult> {
    return await pushBlobTo(this.#context, { source: await this.#origin(reference), blob, options });
  }

  /** Store a manifest under the reference's tag or digest. Its blobs must be there. */
  async pushManifest(
    reference: Reference,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    options: CallOptions = {},
  ): Promise<Digest> {
    return await putManifest(this.#context, {
      source: await this.#origin(reference),
      reference,
      ...manifest,
      ...options,
    });
  }

  /** Tags of a repository, as the registry orders them. */
  async tags(reference: Reference, options: CallOptions = {}): Promise<readonly string[]> {
    return await this.#pull(reference, options, (context, source) =>
      listTags(context, source, options.signal),
    );
  }

  /** Repositories of a registry, where it tells. */
  async catalog(registry: string, options: CallOptions = {}): Promise<readonly string[]> {
    return await listCatalog(this.#context, await this.#origin(asRegistry(registry)), options.signal);
  }

  /** Check credentials against the registry, then store them. Returns where. @throws permission-denied `LOGIN_FAILED` */
  async login(registry: string, credentials: Credentials, options: CallOptions = {}): Promise<string> {
    const source = await this.#origin(asRegistry(registry));
    const session = this.#context.session.with(
      new Authorizer({ find: async () => credentials }, this.#transport),
    );
    await verifyLogin({ ...this.#context, session }, source, options.signal);
    return await this.#credentials.save(source.credentialsOf, credentials);
  }

  /** Forget the login. False when there was none. */
  async logout(registry: string): Promise<boolean> {
    return await this.#credentials.erase((await this.#origin(asRegistry(registry))).credentialsOf);
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #pull<T>(
    reference: Reference,
    { signal }: CallOptions,
    action: (context: ClientContext, source: Source) => Promise<T>,
  ): Promise<T> {
    const sources = sourcesFor(reference, await this.#registriesConf(), this.#options.insecureRegistries);
    return await trySources(this.#context, { sources, signal, action });
  }

  async #origin(reference: Reference): Promise<Source> {
    return sourcesFor(reference, await this.#registriesConf(), this.#options.insecureRegistries).at(-1)!;
  }

  #registriesConf(): Promise<RegistriesConf> {
    const env = this.#options.env ?? process.env;
    this.#conf ??= Promise.resolve(this.#options.registriesConf ?? registriesConfPaths(env)).then(
      loadRegistriesConf,
    );
    return this.#conf;
  }
}

/** `docker.io`, `host:port`, `https://host/` as a reference that names just the registry. @throws invalid-argument `REGISTRY_INVALID` */
function asRegistry(text: string): Reference {
  const host = text.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
  try {
    const { domain } = parseReference(
      `${host.includes('.') || host.includes(':') ? host : host.toLowerCase()}/x`,
    );
    if (host !== 'index.docker.io' && domain !== host) throw new Error('not a host');
    return { domain, path: 'x' };
  } catch (cause) {
    throw new StrataError('invalid-argument', 'REGISTRY_INVALID', `'${text}' is not a registry`, {
      hint: 'a registry is a host name with an optional port, like ghcr.io or localhost:5000',
      cause,
    });
  }
}
