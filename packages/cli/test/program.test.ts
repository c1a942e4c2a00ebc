import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const main = join(import.meta.dirname, '../src/main.ts');
const launcher = join(import.meta.dirname, '../bin/strata');
const folder = mkdtempSync(join(tmpdir(), 'strata-program-'));
afterAll(() => rmSync(folder, { recursive: true }));

function strata(...words: string[]) {
  const args = ['--conditions=source', '--no-warnings', main, ...words];
  const env = { PATH: process.env.PATH, STRATA_ROOT: join(folder, 'root'), STRATA_RUN: join(folder, 'run') };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

describe('the program', () => {
  it('lists nothing where there is no store, and makes none', () => {
    expect(strata('ps')).toEqual({
      status: 0,
      stdout: 'CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n',
      stderr: '',
    });
    expect(strata('images', '-q').stdout).toBe('');
    expect(strata('--json', 'ps').stdout).toBe('');
    expect(strata('--root', join(folder, 'root'), 'container', 'ls', '-aq').status).toBe(0);
  });

  it('says in one sentence and a hint what is wrong, with docker’s exit status', () => {
    expect(strata('rnu')).toEqual({
      status: 1,
      stdout: '',
      stderr: "strata: unknown command: strata rnu (COMMAND_UNKNOWN)\nhint: did you mean 'strata run'?\n",
    });
    const flag = strata('run', '--detatch', 'img');
    expect(flag).toMatchObject({ status: 125, stdout: '' });
    expect(flag.stderr).toMatch(
      /^strata: unknown flag: --detatch \(FLAG_UNKNOWN\)\nhint: did you mean --detach\?\n\nUsage: {2}strata run /,
    );
  });

  it('says it of templates too, also where there is nothing to show', () => {
    const { status, stderr } = strata('ps', '--format', '{{.ID');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr:
        "strata: template parsing error: template: :1:2: unclosed action (TEMPLATE_INVALID)\nhint: templates are Go's; --format json shows the fields\n",
    });
  });

  it('says it in the words of the kernel where that refused', () => {
    const gone = mkdtempSync(join(folder, 'gone'));
    const script = 'cd "$0" && rmdir "$0" && exec "$@"';
    const command = [process.execPath, '--conditions=source', '--no-warnings', main];
    const outcome = spawnSync('sh', ['-c', script, gone, ...command, 'run', '-v', './x:/x', 'img']);
    expect(outcome.stderr.toString()).toContain(
      'strata: the current directory is gone (ENOENT)\nhint: change into one that exists\n',
    );
  });

  it('says it in JSON to programs', () => {
    const { status, stderr } = strata('--json', 'ps', '--filter', 'foo=bar');
    expect(status).toBe(125);
    expect(JSON.parse(stderr)).toMatchObject({
      error: {
        code: 'FLAG_INVALID',
        kind: 'usage',
        message: expect.stringContaining("invalid filter 'foo'"),
      },
    });
  });

  it('prints help on standard output, in the columns asked for', () => {
    const { status, stdout, stderr } = strata('run', '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Usage:  strata run [OPTIONS] IMAGE [COMMAND] [ARG...]');
  });

  it('formats the version', () => {
    expect(strata('--version').stdout).toMatch(/^Strata version \d+\.\d+\.\d+\n$/);
    expect(strata('version', '--format', '{{.Client.Version}} {{.Os}}').stdout).toMatch(
      /^\d+\.\d+\.\d+ linux\n$/,
    );
  });

  it('completes', () => {
    expect(strata('__complete', '--', 'imag').stdout).toBe('images\tList images\nimage\tManage images\n');
    expect(strata('__complete', '--', 'run', '--storage=o').stdout).toBe('--storage=overlay\toverlayfs\n');
    for (const shell of ['bash', 'zsh', 'fish'])
      expect(strata('completion', shell).stdout).toContain('__complete');
    expect(spawnSync('bash', ['-n'], { input: strata('completion', 'bash').stdout }).status).toBe(0);
  });

  it('is found by its launcher through links', () => {
    const link = join(folder, 'linked');
    symlinkSync(launcher, link);
    const { stdout, stderr } = spawnSync('sh', ['-n', link], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  });
});
