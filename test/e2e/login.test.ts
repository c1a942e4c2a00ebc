import { existsSync, readFileSync } from 'node:fs';
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
});
