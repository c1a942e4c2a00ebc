import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Exec } from '@strata/core';
import { isStrataError, StrataError } from '@strata/core';
import { isJsonObject } from '../document/parse-json.ts';
import type { Credentials } from './docker-config.ts';
import type { Environment } from './proxy.ts';
import { printable } from './registry-error.ts';

/** Helpers are fetched, unlocked or asked on another screen by the person; docker waits for ever. */
const TIMEOUT = 5 * 60_000;
const NOT_FOUND = /credentials not found|no credentials server url|no credentials username/i;

/**
 * Programs `docker-credential-<name>` and their protocol (github.com/docker/docker-credential-helpers). They are the
 * user's own, so they are found on the user's PATH and get the user's environment, as docker's and podman's do: helpers
 * of clouds, vaults and desktops live in home directories and start programs in turn.
 */
export class CredentialHelper {
  readonly #program: string;
  readonly #exec: Exec;
  readonly #env: Record<string, string> = {};

  /** @throws failed-precondition `CREDENTIAL_HELPER` */
  constructor(name: string, exec: Exec | undefined, env: Environment) {
    this.#program = `docker-credential-${name}`;
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
      throw this.#failed(`'${name}' is no name of a credential helper`);
    if (exec === undefined)
      throw this.#failed(`${this.#program} is configured but programs may not be run here`);
    this.#exec = exec;
    for (const [key, value] of Object.entries(env)) if (value !== undefined) this.#env[key] = value;
  }

  async get(server: string): Promise<Credentials | undefined> {
    const { exitCode, stdout, stderr } = await this.#run('get', server, [0, 1]);
    if (exitCode !== 0) {
      if (NOT_FOUND.test(stdout + stderr)) return undefined;
      throw this.#failed(`${this.#program} failed for ${server}${said(stdout + stderr)}`);
    }
    const reply: unknown = safeParse(stdout);
    if (!isJsonObject(reply) || typeof reply.Username !== 'string' || typeof reply.Secret !== 'string') {
      throw this.#failed(`${this.#program} answered something else than credentials`);
    }
    const { Username: username, Secret: secret } = reply;
    return username === '<token>' ? { username, identityToken: secret } : { username, password: secret };
  }

  async store(server: string, credentials: Credentials): Promise<void> {
    const secret = 'identityToken' in credentials ? credentials.identityToken : credentials.password;
    const username = 'identityToken' in credentials ? '<token>' : credentials.username;
    await this.#run('store', JSON.stringify({ ServerURL: server, Username: username, Secret: secret }), [0]);
  }

  /** True when there was something to erase. */
  async erase(server: string): Promise<boolean> {
    return (await this.#run('erase', server, [0, 1])).exitCode === 0;
  }

  async #run(verb: string, input: string, okCodes: readonly number[]) {
    const path = onPath(this.#program, this.#env.PATH);
    try {
      const options = { input, env: this.#env, okCodes, timeout: TIMEOUT };
      return await this.#exec.run(path ?? this.#program, [verb], options);
    } catch (cause) {
      if (isStrataError(cause, 'PROGRAM_NOT_FOUND'))
        throw this.#failed(`the credential helper ${this.#program} is not on the PATH`, cause);
      throw this.#failed(`${this.#program} ${verb} failed${said(stderrOf(cause))}`, cause);
    }
  }

  #failed(message: string, cause?: unknown): StrataError {
    return new StrataError('failed-precondition', 'CREDENTIAL_HELPER', message, {
      hint: 'install it, or remove credsStore/credHelpers from ~/.docker/config.json',
      cause,
    });
  }
}

/** As execvp(3), less relative directories. */
function onPath(program: string, path = ''): string | undefined {
  return path
    .split(':')
    .filter(isAbsolute)
    .map((folder) => join(folder, program))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function stderrOf(cause: unknown): string {
  const stderr = isStrataError(cause) ? cause.context.stderr : undefined;
  return typeof stderr === 'string' ? stderr : '';
}

/** Helpers complain on standard output as well as on standard error. */
function said(text: string): string {
  const line = printable(text.trim());
  return line === '' ? '' : `: ${line}`;
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
