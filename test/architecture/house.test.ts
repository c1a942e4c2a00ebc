import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorDocs } from '../../scripts/error-docs.ts';
import { exists, files, read, repository, sources } from './sources.ts';

const packageFolders = files(
  'packages/*/package.json',
  'drivers/*/package.json',
  'plugins/*/package.json',
).map(dirname);

describe('the house', () => {
  it('has no source file above 300 lines', () => {
    const long = [...sources(), ...files('packages/*/src/**/*.c')].filter((file) => {
      const limit = file.endsWith('.c') ? 400 : 300;
      return read(file).split('\n').length - 1 > limit;
    });
    expect(long).toEqual([]);
  });

  it('gives every driver the same shape', () => {
    const wrong = packageFolders
      .filter((folder) => folder.startsWith('drivers/'))
      .flatMap((folder) => {
        const id = folder.split('/')[1]!.replace(/^[a-z]+-/, '');
        const kind = folder.split('/')[1]!.split('-')[0]!;
        const suffix = {
          layer: 'layer-driver',
          network: 'network-driver',
          cgroup: 'cgroup-driver',
          image: 'image-store',
          runtime: 'runtime-driver',
        }[kind];
        const wanted = ['src/index.ts', `src/${id}-${suffix}.ts`, 'README.md', 'package.json'];
        return wanted.map((file) => `${folder}/${file}`).filter((file) => !exists(file));
      });
    expect(wrong).toEqual([]);
  });

  it('names its packages @strata/* under one licence', () => {
    const wrong = packageFolders.filter((folder) => {
      const manifest = JSON.parse(read(`${folder}/package.json`)) as { name: string; license: string };
      return (
        !/^@strata\/|^create-strata-|^strata-driver-/.test(manifest.name) || manifest.license !== 'Apache-2.0'
      );
    });
    expect(wrong).toEqual([]);
  });

  it('takes every external version from the catalog', () => {
    const wrong = files('package.json', '*/*/package.json')
      .filter(exists)
      .flatMap((file) => {
        const manifest = JSON.parse(read(file)) as Record<string, Record<string, string>>;
        return ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((field) =>
          Object.entries(manifest[field] ?? {})
            .filter(([, version]) => version !== 'catalog:' && version !== 'workspace:*')
            .map(([name, version]) => `${file}: ${name}@${version}`),
        );
      });
    expect(wrong).toEqual([]);
  });

  it('has a lockfile that names no hosts', () => {
    expect(read('pnpm-lock.yaml')).not.toMatch(/https?:\/\/|tarball:/);
  });

  it('documents paths that exist', () => {
    const wrong = files('*.md', 'docs/**/*.md', 'drivers/*/README.md', 'packages/*/README.md').flatMap(
      (file) => {
        const links = [...read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
        const quoted = [
          ...read(file).matchAll(/`((?:packages|drivers|plugins|test|docs|scripts)\/[\w./-]+)`/g),
        ].map((match) => match[1]!);
        return [
          ...links
            .filter((link) => !/^[a-z]+:/.test(link))
            .filter((link) => !existsSync(resolve(repository, dirname(file), link))),
          ...quoted.filter((path) => !existsSync(resolve(repository, path))),
        ].map((path) => `${file}: ${path}`);
      },
    );
    expect(wrong).toEqual([]);
  });

  it('walks `run` through the files architecture.md names', () => {
    const walk = [...read('docs/architecture.md').matchAll(/^\d\. \[([^\]]+)\]/gm)].map((match) => match[1]!);
    expect(walk).toHaveLength(6);
    expect(walk.filter((file) => !exists(file))).toEqual([]);
  });

  it('lists every error code in docs/errors.md (node scripts/error-docs.ts)', () => {
    expect(read('docs/errors.md')).toBe(errorDocs());
  });
});
