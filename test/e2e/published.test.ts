import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { packWorkspace, run } from './packages.ts';

const repository = resolve(import.meta.dirname, '../..');

it('packs archives whose exports, types and files are right (publint)', async () => {
  const directory = mkdtempSync('/dev/shm/strata-published-');
  try {
    await packWorkspace(directory);
    await run('pnpm', ['pack', '--pack-destination', directory], join(repository, 'packages/create-driver'));
    const archives = readdirSync(directory);
    expect(archives.map((name) => name.replace(/-\d.*/, '')).sort()).toEqual([
      'create-strata-driver',
      'strata-conformance',
      'strata-core',
      'strata-host',
      'strata-native',
    ]);
    const publint = join(repository, 'node_modules/.bin/publint');
    for (const name of archives) {
      // The addon is CommonJS in a package that is ESM otherwise; its types say so to nobody but publint.
      const strict = name.startsWith('strata-native') ? [] : ['--strict'];
      await run(publint, ['run', join(directory, name), ...strict], directory);
      const files = await run('tar', ['-tf', join(directory, name)], directory);
      expect(files, name).not.toMatch(/node_modules|\.tsbuildinfo|\/test\/(?!conformance\.test\.ts)/);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
