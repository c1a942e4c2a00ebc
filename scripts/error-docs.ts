/** Writes docs/errors.md: every stable error code in the sources, its kind, and where it comes from. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '..');

const inSources = /StrataError\(\s*'([a-z-]+)',\s*'([A-Z][A-Z0-9_]+)'/g;
/** Makers of one kind of error, each of its package. */
const byHelpers = /\b(?:badLayer|invalid|refuse)\(\s*()'([A-Z][A-Z0-9_]+)'/g;
/** What `strata check` finds. */
const inFindings = /\bcode: ()'([A-Z][A-Z0-9_]+)',\s*message/g;
/** Mistakes in a command line: the keys of its table. */
const inUsage = /^ {2}()([A-Z][A-Z0-9_]+): \d+,$/gm;
/** The client of standby processes prints its own, with the kind in a comment. */
const inClient = /\/\* ([a-z-]+) \*\/\s*"strata: [^"]*\(([A-Z][A-Z0-9_]+)\)/g;

export function errorDocs(): string {
  const listed = execFileSync(
    'git',
    [
      'ls-files',
      '--cached',
      '--others',
      '--exclude-standard',
      ...['packages', 'drivers', 'plugins'].map((folder) => `:(glob)${folder}/*/src/**/*.ts`),
      'packages/native/client/*.c',
    ],
    { cwd: repository, encoding: 'utf8' },
  );
  const codes = new Map<string, { kinds: Set<string>; packages: Set<string> }>();
  for (const file of new Set(listed.split('\n').filter((name) => name !== '')))
    for (const { pattern, otherwise } of patternsFor(file))
      for (const [, kind, code] of sourceOf(file).matchAll(pattern)) {
        const known = codes.get(code!) ?? { kinds: new Set(), packages: new Set() };
        known.kinds.add(kind || otherwise);
        known.packages.add(file.split('/').slice(0, 2).join('/'));
        codes.set(code!, known);
      }
  const rows = [...codes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { kinds, packages }]) => {
      const sorted = (values: Set<string>) => [...values].sort().join(', ');
      return `| \`${code}\` | ${sorted(kinds)} | ${sorted(packages)} |`;
    });
  return `${head}${rows.join('\n')}\n`;
}

const head = `# Error codes

A code is stable: it never changes its meaning. The kind says which family the error is of
([strata-error.ts](../packages/core/src/errors/strata-error.ts)); \`usage\` is a mistake in a command line, \`check\` what
\`strata check\` finds. Made by \`scripts/error-docs.ts\`.

| code | kind | from |
|---|---|---|
`;

interface Search {
  readonly pattern: RegExp;
  /** The kind of what says none. */
  readonly otherwise: string;
}

function patternsFor(file: string): readonly Search[] {
  if (file.endsWith('.c')) return [{ pattern: inClient, otherwise: '' }];
  if (file.endsWith('/usage-error.ts')) return [{ pattern: inUsage, otherwise: 'usage' }];
  return [
    { pattern: inSources, otherwise: '' },
    { pattern: byHelpers, otherwise: 'invalid-argument' },
    { pattern: inFindings, otherwise: 'check' },
  ];
}

function sourceOf(file: string): string {
  try {
    return readFileSync(resolve(repository, file), 'utf8');
  } catch {
    return ''; // Deleted and not yet committed.
  }
}

if (import.meta.main) writeFileSync(resolve(repository, 'docs/errors.md'), errorDocs());
