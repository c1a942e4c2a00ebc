import { describe, expect, it } from 'vitest';
import { imports, sources } from './sources.ts';

/** Which workspace packages each part may import; see docs/architecture.md. */
const allowed: Record<string, readonly string[]> = {
  core: [],
  native: [],
  host: ['@strata/core', '@strata/native'],
  archive: ['@strata/core'],
  oci: ['@strata/core'],
  conformance: ['@strata/core'],
  engine: ['@strata/core', '@strata/oci', '@strata/archive'],
  cli: [
    '@strata/core',
    '@strata/engine',
    '@strata/host',
    '@strata/oci',
    '@strata/archive',
    '@strata/native',
    '@strata/bench',
    '@strata/conformance',
    '@strata/containerd-snapshotter',
  ],
  bench: ['@strata/core', '@strata/engine', '@strata/host'],
  driver: ['@strata/core'],
};

/** Built-in modules that reach the operating system beyond plain files. */
const systemModules = ['node:child_process', 'node:sqlite', 'node:worker_threads', 'node:cluster'];

function partOf(file: string): string {
  const [top, name] = file.split('/') as [string, string];
  return top === 'packages' ? name : 'driver';
}

const modules = sources().map((file) => ({ file, part: partOf(file), imports: imports(file) }));
const packageName = (name: string) => name.split('/').slice(0, 2).join('/');

describe('imports', () => {
  it('sees the sources', () => {
    expect(modules.length).toBeGreaterThan(60);
  });

  it('follow the table of docs/architecture.md', () => {
    const wrong = modules.flatMap(({ file, part, imports }) =>
      imports
        .filter(
          ({ name }) =>
            name.startsWith('@strata/') &&
            name.split('/')[1] !== part &&
            !allowed[part]?.includes(packageName(name)),
        )
        .filter(() => file !== 'packages/cli/src/builtins.ts')
        .map(({ name }) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('of concrete drivers stand only in packages/cli/src/builtins.ts', () => {
    const wrong = modules
      .filter(({ file }) => file !== 'packages/cli/src/builtins.ts')
      .filter(({ imports }) => imports.some(({ name }) => name.startsWith('@strata/driver-')))
      .map(({ file }) => file);
    expect(wrong).toEqual([]);
  });

  it('never reach into another package', () => {
    const wrong = modules.flatMap(({ file, imports }) =>
      imports
        .filter(({ name }) => {
          const up = name.startsWith('.') ? name.split('/').filter((part) => part === '..').length : 0;
          return up >= file.split('/').length - 2 || /^@strata\/[^/]+\/src\//.test(name);
        })
        .map(({ name }) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('of inversify stand only in *.module.ts and the composition root', () => {
    const wrong = modules
      .filter(({ imports }) => imports.some(({ name }) => name === 'inversify'))
      .map(({ file }) => file)
      .filter((file) => !file.endsWith('.module.ts') && !file.endsWith('/create-engine.ts'));
    expect(wrong).toEqual([]);
  });

  it('of processes, SQLite and threads stand only in packages/host', () => {
    const wrong = modules
      .filter(({ part }) => part !== 'host')
      .flatMap(({ file, imports }) =>
        imports
          .filter(({ name, typeOnly }) => !typeOnly && systemModules.includes(name))
          .map(({ name }) => `${file} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it('leave core without dependencies', () => {
    const wrong = modules
      .filter(({ part }) => part === 'core')
      .flatMap(({ file, imports }) =>
        imports
          .filter(({ name, typeOnly }) => !name.startsWith('.') && !(typeOnly && name.startsWith('node:')))
          .map(({ name }) => `${file} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });
});
