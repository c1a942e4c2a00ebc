import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candidatesFor } from '../src/fast/candidates.ts';
import { renderHelp } from '../src/help/help.ts';
import { manPage, manRoot } from '../src/help/man.ts';
import { markdown } from '../src/help/markdown.ts';
import { globalFlags } from '../src/table/globals.ts';
import { commands, groups } from '../src/table/index.ts';

const repeated = (list: readonly string[]): string[] => list.filter((item, at) => list.indexOf(item) !== at);

describe('the table', () => {
  it('has no path, flag or letter twice, and only known groups', () => {
    expect(repeated(commands.flatMap(({ paths }) => paths))).toEqual([]);
    for (const { flags } of commands) {
      expect(repeated(flags.map(({ name }) => name))).toEqual([]);
      expect(repeated(flags.flatMap(({ short }) => short ?? []))).toEqual([]);
    }
    const first = commands.flatMap(({ paths }) =>
      paths.filter((path) => path.includes(' ')).map((path) => path.split(' ')[0]!),
    );
    expect(new Set(first)).toEqual(new Set(groups.map(({ name }) => name)));
  });

  it('names handlers that exist', async () => {
    const { commands: handlers } = await import('../src/commands/index.ts');
    const fast = ['version', 'ps', 'images', 'complete', 'completion', 'manual'];
    const missing = commands.filter(({ handler }) => !(handler in handlers) && !fast.includes(handler));
    expect(missing.map(({ handler }) => handler)).toEqual([]);
  });

  it('is what docs/cli.md says (pnpm --filter @strata/cli docs writes it)', () => {
    const committed = readFileSync(join(import.meta.dirname, '../../../docs/cli.md'), 'utf8');
    expect(committed).toBe(markdown());
  });

  it.each([40, 80, 200])('fits help into %d columns', (columns) => {
    const topics = [undefined, ...groups.map(({ name }) => name), ...commands];
    for (const topic of topics) {
      const table = renderHelp(topic, columns).split(/\n(?:Options|Global Options):\n/)[1] ?? '';
      for (const line of table.split('\n').filter((text) => text.includes('   '))) {
        expect(line.length).toBeLessThanOrEqual(Math.max(columns, 75));
      }
    }
  });

  it('makes man pages without a line that roff would take as a request', () => {
    for (const text of [manRoot(), ...commands.map(manPage)]) {
      for (const line of text.split('\n').filter((one) => /^['.]/.test(one))) {
        expect(line).toMatch(/^\.(TH|SH|TP|B|BR|PP|br)\b/);
      }
    }
  });

  it('has no secrets about its environment variables', () => {
    const named = [...globalFlags, ...commands.flatMap(({ flags }) => flags)].flatMap(({ env }) => env ?? []);
    expect(named.every((name) => /^STRATA_[A-Z_]+$/.test(name))).toBe(true);
  });
});

describe('completion', () => {
  const words = (...typed: string[]) => {
    const { words: all, prefix } = candidatesFor(typed);
    return all.map(([word]) => word).filter((word) => word.startsWith(prefix));
  };

  it('knows commands, groups and flags', () => {
    expect(words('im')).toEqual(['images', 'import', 'image']);
    expect(words('image', 'p')).toEqual(['pull', 'push', 'prune']);
    expect(words('run', '--st')).toEqual(['--stop-signal', '--stop-timeout', '--storage', '--storage-opt']);
    expect(words('--ro')).toEqual(['--root']);
    expect(words('__')).toEqual([]);
  });

  it.each([
    [['rm', ''], 'container', ''],
    [['rm', 'a', 'b', 'w'], 'container', 'w'],
    [['exec', '-it', ''], 'running', ''],
    [['exec', 'c', 'l'], undefined, 'l'],
    [['run', '--storage', ''], 'storage', ''],
    [['run', '--storage=b'], 'storage', 'b'],
    [['run', '-v', '/s'], 'file', '/s'],
    [['run', '-e', 'A', ''], 'image', ''],
    [['run', '--rm', 'img', '--st'], undefined, '--st'],
    [['--root', '/x', 'logs', ''], 'container', ''],
    [['container', 'start', ''], 'container', ''],
    [['rename', 'a', ''], undefined, ''],
  ])('%j asks for %s', (typed, lookup, prefix) => {
    expect(candidatesFor(typed as string[])).toMatchObject({ lookup, prefix });
  });
});
