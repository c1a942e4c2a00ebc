import type { Exec } from '@strata/core';
import { isJsonObject, type JsonObject } from '../document/parse-json.ts';
import { defaultDomain } from '../reference/reference.ts';
import { CredentialHelper } from './credential-helper.ts';
import {
  type CredentialFile,
  type Credentials,
  credentialPaths,
  decodeAuth,
  dockerConfigPath,
  encodeAuth,
  readCredentialFile,
  writeCredentialFile,
} from './docker-config.ts';
import type { Environment } from './proxy.ts';

/** The key under which Docker keeps the login to its Hub. */
const hubKey = 'https://index.docker.io/v1/';

/** The ecosystem's logins: read from where podman and Docker keep them, written where Docker does. */
export class CredentialStore {
  readonly #env: Environment;
  readonly #exec: Exec | undefined;
  #files: Promise<readonly CredentialFile[]> | undefined;

  constructor(env: Environment, exec?: Exec) {
    this.#env = env;
    this.#exec = exec;
  }

  /**
   * Credentials for `registry` (`docker.io`, `host:port`), preferring an entry for a parent of `repository` over one for
   * the whole registry (containers-auth.json(5)).
   */
  async find(registry: string, repository?: string): Promise<Credentials | undefined> {
    this.#files ??= this.#read();
    for (const file of await this.#files) {
      const found = await this.#findIn(file.content, registry, repository);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Store a login in the configured helper or in Docker's config.json. Returns where, for a message. */
  async save(registry: string, credentials: Credentials): Promise<string> {
    const path = dockerConfigPath(this.#env);
    const content = (await readCredentialFile(path))?.content ?? {};
    this.#files = undefined;
    const helper = this.#helper(content, registry);
    if (helper !== undefined) {
      await helper.store(serverUrl(registry), credentials);
      return 'the credential helper';
    }
    await writeCredentialFile(path, withAuth(content, serverUrl(registry), encodeAuth(credentials)));
    return path;
  }

  /** Forget the login. False when there was none. */
  async erase(registry: string): Promise<boolean> {
    const path = dockerConfigPath(this.#env);
    const content = (await readCredentialFile(path))?.content;
    this.#files = undefined;
    if (content === undefined) return false;
    const erased = (await this.#helper(content, registry)?.erase(serverUrl(registry))) ?? false;
    const keys = Object.keys(isJsonObject(content.auths) ? content.auths : {});
    const stale = keys.filter((key) => keysFor(registry).has(normalizeKey(key)));
    if (stale.length === 0) return erased;
    await writeCredentialFile(
      path,
      stale.reduce((next, key) => withAuth(next, key, undefined), content),
    );
    return true;
  }

  async #read(): Promise<readonly CredentialFile[]> {
    const files = await Promise.all(credentialPaths(this.#env).map(readCredentialFile));
    return files.filter((file) => file !== undefined);
  }

  async #findIn(
    content: JsonObject,
    registry: string,
    repository?: string,
  ): Promise<Credentials | undefined> {
    const helper = this.#helper(content, registry);
    const fromHelper = await helper?.get(serverUrl(registry));
    if (fromHelper !== undefined) return fromHelper;
    const auths = isJsonObject(content.auths) ? content.auths : {};
    const byKey = new Map(Object.entries(auths).map(([key, entry]) => [normalizeKey(key), entry]));
    for (let scope = repository; scope !== undefined && scope !== ''; scope = parent(scope)) {
      const found = decodeAuth(byKey.get(`${registry}/${scope}`));
      if (found !== undefined) return found;
    }
    for (const key of keysFor(registry)) {
      const found = decodeAuth(byKey.get(key));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #helper(content: JsonObject, registry: string): CredentialHelper | undefined {
    const helpers = isJsonObject(content.credHelpers) ? content.credHelpers : {};
    const own = Object.entries(helpers).find(([key]) => keysFor(registry).has(normalizeKey(key)))?.[1];
    const name = own ?? content.credsStore;
    if (typeof name !== 'string' || name === '') return undefined;
    return new CredentialHelper(name, this.#exec, this.#env);
  }
}

function serverUrl(registry: string): string {
  return registry === defaultDomain ? hubKey : registry;
}

/** `https://host/v1/` and `host` mean the same; a path that is not an API version stays (it names a repository). */
function normalizeKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  return bare.replace(/\/v[12]$/, '');
}

function keysFor(registry: string): ReadonlySet<string> {
  if (registry !== defaultDomain) return new Set([registry]);
  return new Set(['index.docker.io', 'docker.io', 'registry-1.docker.io']);
}

function parent(scope: string): string | undefined {
  const slash = scope.lastIndexOf('/');
  return slash < 0 ? undefined : scope.slice(0, slash);
}

function withAuth(content: JsonObject, key: string, entry: JsonObject | undefined): JsonObject {
  const auths: Record<string, unknown> = Object.assign(
    Object.create(null),
    isJsonObject(content.auths) ? content.auths : {},
  );
  if (entry === undefined) delete auths[key];
  else auths[key] = entry;
  return { ...content, auths };
}
