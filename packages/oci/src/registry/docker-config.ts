import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, StrataError } from '@strata/core';
import { isJsonObject, type JsonObject, parseJsonObject } from '../document/parse-json.ts';
import type { Environment } from './proxy.ts';

/** A person's or a robot's key to a registry. Never logged, never in an error. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly username: string; readonly identityToken: string };

/** One credential file: `config.json` of docker or containers-auth.json(5). */
export interface CredentialFile {
  readonly path: string;
  readonly content: JsonObject;
}

/** Docker's own file, the one that `login` writes. */
export function dockerConfigPath(env: Environment): string {
  const directory = env.DOCKER_CONFIG || join(env.HOME || '/root', '.docker');
  return join(directory, 'config.json');
}

/** Files to search, first hit wins (containers-auth.json(5), then Docker's). */
export function credentialPaths(env: Environment): readonly string[] {
  const run = env.XDG_RUNTIME_DIR || `/run/containers/${process.getuid?.() ?? 0}`;
  const runFile = env.XDG_RUNTIME_DIR ? join(run, 'containers', 'auth.json') : join(run, 'auth.json');
  const config = join(env.XDG_CONFIG_HOME || join(env.HOME || '/root', '.config'), 'containers', 'auth.json');
  const explicit = env.REGISTRY_AUTH_FILE ? [env.REGISTRY_AUTH_FILE] : [];
  return [...explicit, runFile, config, dockerConfigPath(env)];
}

/** @throws failed-precondition `CREDENTIALS_UNREADABLE` */
export async function readCredentialFile(path: string): Promise<CredentialFile | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw unreadable(path, error);
  }
  if (bytes.length === 0) return { path, content: {} };
  try {
    return { path, content: parseJsonObject(bytes, { what: `file ${path}` }) };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Write beside and rename, mode 0600; through a symbolic link, into the file it points at.
 * @throws failed-precondition `CREDENTIALS_UNWRITABLE`
 */
export async function writeCredentialFile(path: string, content: JsonObject): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(content, null, '\t')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unwritable(path, error);
  }
}

/** Credentials of an `auths` entry; `auth` is base64 of `user:password`. */
export function decodeAuth(entry: unknown): Credentials | undefined {
  if (!isJsonObject(entry)) return undefined;
  const pair =
    typeof entry.auth === 'string'
      ? Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '')
      : '';
  const colon = pair.indexOf(':');
  const username =
    colon > 0 ? pair.slice(0, colon) : typeof entry.username === 'string' ? entry.username : '';
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '') {
    return { username, identityToken: entry.identitytoken };
  }
  const password =
    colon > 0 ? pair.slice(colon + 1) : typeof entry.password === 'string' ? entry.password : '';
  return username === '' ? undefined : { username, password };
}

export function encodeAuth(credentials: Credentials): JsonObject {
  if ('identityToken' in credentials) {
    return {
      auth: Buffer.from(`${credentials.username}:`).toString('base64'),
      identitytoken: credentials.identityToken,
    };
  }
  return { auth: Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64') };
}

function unreadable(path: string, cause: unknown): StrataError {
  return new StrataError(
    'failed-precondition',
    'CREDENTIALS_UNREADABLE',
    `cannot read the credentials in ${path}`,
    {
      hint: 'it must be a JSON file as docker login writes it; mend or remove it',
      cause,
    },
  );
}

function unwritable(path: string, cause: unknown): StrataError {
  return new StrataError(
    'failed-precondition',
    'CREDENTIALS_UNWRITABLE',
    `cannot keep the credentials in ${path}: ${errnoOf(cause) ?? cause}`,
    { hint: 'DOCKER_CONFIG names the directory they are kept in', cause },
  );
}
