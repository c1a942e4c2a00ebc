import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '@strata/test-fixtures/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Terminal } from './pty.ts';
import { type Stage, stage } from './setup.ts';

const login = { username: 'ada', password: 'correct horse' };

describe('a registry that asks for a login', () => {
  let place: Stage;
  let registry: TestRegistry;
  let env: Record<string, string>;
  let image: string;
  beforeAll(async () => {
    [place, registry] = await Promise.all([stage({ busybox: true }), startRegistry({ login })]);
    env = { DOCKER_CONFIG: join(place.filesystem.directory, 'docker') };
    image = `${registry.address}/team/box:1`;
    await place.home.ok('tag', 'busybox', image);
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await registry?.stop();
  });

  it('refuses strangers and wrong passwords in one sentence, and keeps nothing of them', async () => {
    const push = await place.home.strata(['push', image], { env });
    expect(push).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^strata: .*\n.*hint: .*strata login/s),
    });
    const wrong = ['login', '-u', login.username, '--password-stdin', registry.address];
    const refused = await place.home.strata(wrong, { env, input: 'wrong' });
    expect(refused.code).toBe(1);
    expect(refused.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
    expect(existsSync(join(env['DOCKER_CONFIG']!, 'config.json'))).toBe(false);
  });

  it('asks on the terminal without showing the password, then pushes, pulls and forgets', async () => {
    const terminal = new Terminal(['login', registry.address], { ...place.home.env, ...env });
    await terminal.shows(/Username:/);
    terminal.type(`${login.username}\r`);
    await terminal.shows(/Password:/);
    terminal.type(`${login.password}\r`);
    expect(await terminal.exited).toBe(0);
    expect(terminal.screen).toContain('Login Succeeded');
    expect(terminal.screen).not.toContain(login.password);
    const stored = JSON.parse(readFileSync(join(env['DOCKER_CONFIG']!, 'config.json'), 'utf8'));
    expect(Object.keys(stored.auths)).toEqual([registry.address]);
    expect(await place.home.strata(['push', image], { env })).toMatchObject({ code: 0 });
    await place.home.ok('rmi', image);
    expect(await place.home.strata(['pull', image], { env })).toMatchObject({ code: 0 });
    expect(await place.home.strata(['logout', registry.address], { env })).toMatchObject({ code: 0 });
    expect((await place.home.strata(['pull', image], { env })).code).toBe(1);
  });

  it('asks the helper on the PATH of the user, in the environment of the user, and says what it says', async () => {
    const programs = join(place.filesystem.directory, 'home bin');
    const docker = join(place.filesystem.directory, 'helped');
    for (const directory of [programs, docker]) mkdirSync(directory);
    writeFileSync(
      join(docker, 'config.json'),
      JSON.stringify({ credHelpers: { [registry.address]: 'vault' } }),
    );
    const helped = {
      DOCKER_CONFIG: docker,
      PATH: `${programs}:${process.env['PATH']}`,
      VAULT_ANSWER: JSON.stringify({ Username: login.username, Secret: login.password }),
    };
    expect(await place.home.strata(['pull', image], { env: helped })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('docker-credential-vault is not on the PATH (CREDENTIAL_HELPER)'),
    });
    const helper = join(programs, 'docker-credential-vault');
    writeFileSync(
      helper,
      `#!/bin/sh\nread server; test "$1 $server" = "get ${registry.address}" && echo "$VAULT_ANSWER"\n`,
    );
    chmodSync(helper, 0o755);
    expect(await place.home.strata(['pull', image], { env: helped })).toMatchObject({ code: 0, stderr: '' });
    writeFileSync(helper, '#!/bin/sh\necho the vault is sealed; exit 1\n');
    expect(await place.home.strata(['pull', image], { env: helped })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /docker-credential-vault failed for .*: the vault is sealed \(CREDENTIAL_HELPER\)/,
      ),
    });
  });
});
