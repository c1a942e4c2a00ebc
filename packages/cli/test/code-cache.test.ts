import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { keepCode } from '../src/code-cache.ts';

const base = mkdtempSync('/dev/shm/code-cache-test-');
afterAll(() => rmSync(base, { recursive: true, force: true }));

const pack = join(base, 'engine.cjs');
let root = '';
let count = 0;
beforeEach(() => {
  root = join(base, `root-${count++}`);
  mkdirSync(root);
  build('a'.repeat(16), 'one');
});

function build(stamp: string, answer: string): void {
  writeFileSync(pack, `/*${stamp}*/module.exports={answer(){return ${JSON.stringify(answer)}}};`);
}

/** A command: what it got from the pack, and what it left. */
function command(name = 'run'): { readonly answer: string; readonly left: readonly string[] } {
  keepCode.open(root, {}, name);
  const load = (globalThis as unknown as Record<symbol, (path: string) => { answer(): string }>)[
    Symbol.for('@strata/cli.load')
  ]!;
  const answer = load(pack).answer();
  keepCode.save(root, {});
  return { answer, left: kept(name) };
}

const directory = (name: string) => join(root, 'cache', `code-${process.version}-${process.arch}`, name);
const kept = (name = 'run') => readdirSync(directory(name));
const file = (generation: number, stamp = 'a'.repeat(16)) => `engine.cjs-${stamp}.${generation}`;

describe('the code of a command', () => {
  it('is kept anew after each of the first four, and then left alone', () => {
    for (const generation of [1, 2, 3, 4])
      expect(command()).toEqual({ answer: 'one', left: [file(generation)] });
    const before = readFileSync(join(directory('run'), file(4)));
    expect(command().left).toEqual([file(4)]);
    expect(readFileSync(join(directory('run'), file(4)))).toEqual(before);
  });

  it('holds the functions that were called', () => {
    const body = Array.from({ length: 500 }, (_, n) => `x+=Math.sin(x+${n});`).join('');
    writeFileSync(
      pack,
      `/*${'c'.repeat(16)}*/module.exports={answer(){let x=0;${body}return String(x)},never(){let x=0;${body}}};`,
    );
    command();
    const { length } = readFileSync(join(directory('run'), file(1, 'c'.repeat(16))));
    expect(length).toBeGreaterThan(5_000);
  });

  it('is of one command and of one build', () => {
    command();
    expect(command('exec').left).toEqual([file(1)]);
    build('b'.repeat(16), 'two');
    expect(command()).toEqual({ answer: 'two', left: [file(1, 'b'.repeat(16))] });
    expect(kept('exec')).toEqual([file(1)]);
  });

  it('that is cut short is not used, and made again', () => {
    command();
    const cut = join(directory('run'), file(1));
    truncateSync(cut, 100);
    // By a process of its own: V8 remembers what this one compiled.
    const script = `
      import { keepCode } from ${JSON.stringify(join(import.meta.dirname, '../src/code-cache.ts'))};
      keepCode.open(${JSON.stringify(root)}, {}, 'run');
      console.log(globalThis[Symbol.for('@strata/cli.load')](${JSON.stringify(pack)}).answer());
      keepCode.save(${JSON.stringify(root)}, {});`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 });
    expect(out.toString()).toBe('one\n');
    expect(kept()).toEqual([file(1)]);
    expect(readFileSync(cut).length).toBeGreaterThan(100);
  });

  it('that a killed command was writing is removed, and that of a living one is not', () => {
    command();
    for (const pid of [process.ppid, 2 ** 22 + 1])
      writeFileSync(join(directory('run'), `${file(2)}.${pid}.new`), '');
    expect(command().left).toEqual([file(2), `${file(2)}.${process.ppid}.new`].sort());
  });

  it('is not taken from where somebody else may have put it', () => {
    command();
    for (const [change, undo] of [
      [() => chownSync(directory('run'), 1000, 1000), () => chownSync(directory('run'), 0, 0)],
      [() => chmodSync(root, 0o777), () => chmodSync(root, 0o700)],
    ] as const) {
      change();
      expect(command()).toEqual({ answer: 'one', left: [file(1)] });
      undo();
    }
    expect(command().left).toEqual([file(2)]);
  });

  it('is not needed: a pack without a stamp and a place that cannot be written', () => {
    writeFileSync(pack, 'module.exports={answer(){return "three"}};');
    // Below a file nothing can be made.
    keepCode.open(pack, {}, 'run');
    const load = (globalThis as unknown as Record<symbol, (path: string) => { answer(): string }>)[
      Symbol.for('@strata/cli.load')
    ]!;
    expect(load(pack).answer()).toBe('three');
    build('d'.repeat(16), 'four');
    expect(load(pack).answer()).toBe('four');
    expect(() => keepCode.save(root, {})).not.toThrow();
  });
});
