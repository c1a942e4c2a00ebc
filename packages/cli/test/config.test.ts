import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config/load-config.ts';
import { readSettings } from '../src/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'strata-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'config.toml');
  writeFileSync(path, text);
  return path;
}

describe('config.toml', () => {
  it('is read', () => {
    const text =
      'root = "/r"\nstorage = "btrfs"\ndurable = false\nstandby = 5\n[log]\nmax-size = "10m"\nmax-files = 3\n[options.layer.overlay]\nx = 1\n';
    expect(loadConfig(file(text))).toEqual({
      root: '/r',
      storage: 'btrfs',
      durable: false,
      standby: 5,
      log: { maxBytes: 10 * 2 ** 20, maxFiles: 3 },
      options: { layer: { overlay: { x: 1 } } },
    });
    expect(loadConfig(file(''))).toEqual({});
  });

  it.each([
    ['storage = ', 'is not valid TOML'],
    ['stroage = "x"', 'unknown key "stroage"'],
    ['storage = 1', '"storage" must be text'],
    ['durable = "no"', '"durable" must be true or false'],
    ['standby = -1', '"standby" must be a whole number of seconds'],
    ['standby = "off"', '"standby" must be a whole number of seconds'],
    ['log = 1', '"log" must be a table'],
    ['[log]\nmax-size = "x"', '"log.max-size" must be a size'],
    ['[log]\nmax-files = 0', '"log.max-files" must be a whole number above 0'],
    ['[log]\nfoo = 0', 'unknown key "log.foo"'],
    ['options = 1', '"options" must be a table'],
  ])('refuses %j', (text, message) => {
    const path = file(text);
    expect(() => loadConfig(path)).toThrow(message);
    expect(() => loadConfig(path)).toThrow(path);
  });

  it('loses against environment and flags, and a named file must exist', async () => {
    const config = file('root = "/from-file"\nrun = "/run-file"\n');
    const flags = new Map([['run', '/run-flag']]);
    expect(await readSettings(flags, { STRATA_CONFIG: config, STRATA_ROOT: '/from-env' })).toMatchObject({
      root: '/from-env',
      run: '/run-flag',
      configFile: config,
    });
    await expect(readSettings(new Map([['config', '/missing.toml']]), {})).rejects.toThrow(
      '/missing.toml: cannot be read',
    );
    await expect(readSettings(new Map([['log-level', 'loud']]), {})).rejects.toThrow(
      'unknown log level "loud"',
    );
  });
});
