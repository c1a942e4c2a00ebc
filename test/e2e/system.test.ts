import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';

const strata = join(import.meta.dirname, '../../packages/cli/bin/strata');
const mib = 2 ** 20;

let place: Stage;
beforeAll(async () => {
  place = await stage({ busybox: true });
});
afterAll(async () => place?.[Symbol.asyncDispose]());

const ok = (...args: string[]) => place.home.ok(...args);

it('the systemd unit of the manual is one that systemd takes', async () => {
  const help = await ok('system', 'start', '--help');
  const unit = /^\[Unit\][\s\S]*^WantedBy=.*$/m.exec(help)?.[0] ?? '';
  expect(unit).toContain('ExecStart=/usr/local/bin/strata system start');
  const directory = join(place.filesystem.directory, 'units');
  mkdirSync(directory);
  const file = join(directory, 'strata.service');
  const verify = (text: string) => {
    writeFileSync(file, text);
    return execFileSync('systemd-analyze', ['verify', file], { encoding: 'utf8', stdio: 'pipe' });
  };
  const real = unit.replace('/usr/local/bin/strata', strata);
  expect(verify(real)).toBe('');
  expect(() => verify(real.replace('oneshot', 'oneshoot').replace('ExecStart', 'ExecSart'))).toThrow();
});

it('a runtime that is gone does not keep the containers that were made for it', async () => {
  const runtime = join(place.filesystem.directory, 'crun');
  copyFileSync('/usr/bin/crun', runtime);
  await ok('create', '--name', 'kept', '--runtime', runtime, 'busybox', 'true');
  rmSync(runtime);
  const { code, stderr } = await place.home.strata(['start', 'kept']);
  expect(code).toBe(1);
  expect(stderr).toContain('RUNTIME_UNSUPPORTED');
  await ok('rm', 'kept');
  expect(await ok('ps', '-aq')).toBe('');
  await ok('check');
});

it('system df and system prune count volumes, and prune takes anonymous ones of nobody only', async () => {
  const write = ['sh', '-c', 'dd if=/dev/zero of=/d/f bs=1M count=3 2>/dev/null'];
  await ok('run', '-d', '--name', 'busy', '-v', 'used:/d', 'busybox', 'sh', '-c', `${write[2]}; sleep 600`);
  await ok('run', '--rm', '-v', 'idle:/d', 'busybox', ...write);
  await ok('run', '--name', 'ended', '-v', '/d', 'busybox', ...write);
  await ok('run', '--name', 'gone', '-v', '/d', 'busybox', ...write);
  await ok('rm', 'gone');
  const df = async () =>
    (await ok('system', 'df', '--format', 'json'))
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>)
      .find(({ Type }) => Type === 'Local Volumes');
  await expect.poll(df).toMatchObject({
    TotalCount: '4',
    Active: '2',
    Size: '12.6MB',
    Reclaimable: expect.stringMatching(/^6\.3\d?MB \(50%\)$/),
  });
  const names = async () => (await ok('volume', 'ls', '-q')).split('\n').map((name) => name.slice(0, 8));
  const each = await ok('system', 'df', '-v');
  expect(each).toMatch(/^busybox +latest +[0-9a-f]{12} .* 2$/m);
  expect(each).toMatch(/^[0-9a-f]{12} +busybox:latest +"sh -c .* 1 +\S+ \(virtual .*\) .*Up .* busy$/m);
  expect(each).toMatch(/^idle +0 +3\.15MB$/m);
  expect(each).toMatch(/^used +1 +3\.15MB$/m);
  const told = await ok('system', 'prune', '-f', '--volumes');
  // The container that ended, and both anonymous volumes: its own is nobody's once it is gone.
  expect(told).toMatch(/^Deleted Containers:\n[0-9a-f]{64}\n/);
  expect(told.match(/^[0-9a-f]{64}$/gm)).toHaveLength(3);
  expect(await names()).toEqual(['idle', 'used']);
  const [, size = '0', unit] = /^Total reclaimed space: ([\d.]+)(\w+)$/m.exec(told) ?? [];
  expect(unit).toBe('MB');
  expect(Number(size) * 1e6).toBeGreaterThan(5.9 * mib);
  expect(await df()).toMatchObject({
    TotalCount: '2',
    Active: '1',
    Reclaimable: expect.stringMatching(/^3\.1\d?MB \(50%\)$/),
  });
  expect(await ok('volume', 'prune', '-a', '-f')).toContain('idle');
  expect(await names()).toEqual(['used']);
  expect(await ok('exec', 'busy', 'wc', '-c', '/d/f')).toContain(String(3 * mib));
  await ok('rm', '-f', 'busy');
  expect(await ok('check')).toBe('The store is clean');
});
