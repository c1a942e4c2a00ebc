import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apiReports } from '../../scripts/api-report.ts';
import { currentDriversPage } from '../../scripts/driver-docs.ts';
import { exists, files, read, repository } from './sources.ts';

type Exports = Record<string, Record<string, string> | string>;
interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Exports;
  readonly publishConfig?: { readonly exports?: Exports };
  readonly peerDependencies?: Record<string, string>;
}

const manifest = (file: string) => JSON.parse(read(file)) as Manifest;

describe('what is published', () => {
  it('changes its API only together with docs/api', () => {
    for (const [file, text] of apiReports())
      expect(exists(file) ? read(file) : '', `${file} is old: run node scripts/api-report.ts`).toBe(text);
  });

  it('has no condition that leads to sources which are not in the archive', () => {
    const driversUse = ['core', 'host', 'conformance'].map((name) => `packages/${name}/package.json`);
    for (const file of driversUse) {
      const { exports, publishConfig } = manifest(file);
      const wanted = Object.fromEntries(
        Object.entries(exports).map(([path, conditions]) => {
          if (typeof conditions === 'string') return [path, conditions];
          const { source: _, ...rest } = conditions;
          return [path, rest];
        }),
      );
      expect(publishConfig?.exports, file).toEqual(wanted);
    }
  });
});

describe('changesets', () => {
  it('announce every package once it can be published', () => {
    const announced = files('.changeset/*.md').map(read).join('\n');
    const silent = files('packages/*/package.json', 'drivers/*/package.json', 'plugins/*/package.json')
      .filter((file) => !manifest(file).private && !exists(file.replace('package.json', 'CHANGELOG.md')))
      .map((file) => manifest(file).name)
      .filter((name) => !new RegExp(`^'?${name}'?: (major|minor|patch)$`, 'm').test(announced));
    expect(silent, 'run pnpm exec changeset').toEqual([]);
  });
});

describe('docs/drivers.md', () => {
  it('has the capabilities drivers declare, and the template that is tested as its example', async () => {
    const page = read('docs/drivers.md');
    const current = await currentDriversPage(page);
    expect(page, 'run node --conditions=source scripts/driver-docs.ts').toBe(current);
    expect(current.match(/<!-- begin templates\//g)).toHaveLength(4);
  });

  it('explains every capability there is', () => {
    const page = read('docs/drivers.md');
    const declared = ['layer/layer-capabilities', 'network/network-driver', 'cgroup/cgroup-driver'].flatMap(
      (file) => {
        const [, body = ''] =
          /interface \w+Capabilities \{([\s\S]*?)\n\}/.exec(read(`packages/core/src/${file}.ts`)) ?? [];
        return [...body.matchAll(/readonly (\w+):/g)].map((match) => match[1]!);
      },
    );
    expect(declared.length).toBeGreaterThan(15);
    expect(declared.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('names commands there are', () => {
    const main = resolve(repository, 'packages/cli/src/main.ts');
    const verbs = new Set(
      [...read('docs/drivers.md').matchAll(/strata driver (\w+)/g)].map((match) => match[1]!),
    );
    for (const verb of verbs) {
      const args = ['--conditions=source', '--no-warnings', main, 'driver', verb, '--help'];
      expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toContain(`strata driver ${verb}`);
    }
  });
});

describe('templates', () => {
  it('depend on Strata by one peer, and ask for what this repository uses', () => {
    const file = 'packages/create-driver/templates/common/_package.json';
    const template = JSON.parse(read(file)) as Manifest & { devDependencies: Record<string, string> };
    expect(Object.keys(template.peerDependencies ?? {})).toEqual(['@strata/core']);
    const catalog = read('pnpm-workspace.yaml');
    for (const [name, range] of Object.entries(template.devDependencies)) {
      if (range.includes('@STRATA_VERSION@')) continue;
      expect(catalog, name).toContain(
        `${name.startsWith('@') ? `'${name}'` : name}: ${range.replace('^', '')}\n`,
      );
    }
    expect(files('packages/create-driver/templates/**/*')).not.toEqual([]);
  });
});
