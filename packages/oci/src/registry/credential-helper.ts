import type { Exec } from '@strata/core';
import { StrataError } from '@strata/core';
import { isJsonObject } from '../document/parse-json.ts';
import type { Credentials } from './docker-config.ts';
import type { Environment } from './proxy.ts';

/** What helpers of desktops and clouds look for in their environment; nothing else is passed on. */
const PASSED =
  /^(HOME|USER|XDG_\w+|GNUPGHOME|GPG_\w+|PASSWORD_STORE_\w+|DBUS_SESSION_BUS_ADDRESS|DISPLAY|WAYLAND_DISPLAY|AWS_\w+|GOOGLE_\w+|CLOUDSDK_\w+|AZURE_\w+|DOCKER_CONFIG)$/;
const NOT_FOUND = /credentials not found|no credentials server url|no credentials username/i;

/** Programs `docker-credential-<name>` and their protocol (github.com/docker/docker-credential-helpers). */
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
    for (const [key, value] of Object.entries(env))
      if (value !== undefined && PASSED.test(key)) this.#env[key] = value;
  }

  async get(server: string): Promise<Credentials | undefined> {
    const { exitCode, stdout, stderr } = await this.#run('get', server, [0, 1]);
    if (exitCode !== 0) {
      if (NOT_FOUND.test(stdout + stderr)) return undefined;
      throw this.#failed(`${this.#program} failed for ${server}`);
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
    try {
      return await this.#exec.run(this.#program, [verb], { input, env: this.#env, okCodes });
    } catch (cause) {
      throw this.#failed(`${this.#program} ${verb} failed`, cause);
    }
  }

  #failed(message: string, cause?: unknown): StrataError {
    return new StrataError('failed-precondition', 'CREDENTIAL_HELPER', message, {
      hint: 'install it, or remove credsStore/credHelpers from ~/.docker/config.json',
      cause,
    });
  }
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
